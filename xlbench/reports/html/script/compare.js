// Compare: the paired differences of two models, with what stays significant after Holm's correction.

/** The paired difference of models i and j at a place of a level: its half-width in tenths and whether it is sure. */
function paired(level, place, i, j) {
  const count = pairs[level] ? pairs[level].models : 0;
  if (i === j || Math.max(i, j) >= count) return {half: null, sure: false};
  const [one, other] = i < j ? [i, j] : [j, i];
  const code = pairs[level].d[place][one * (2 * count - one - 1) / 2 + other - one - 1];
  return code < 0 ? {half: null, sure: false} : {half: (code >> 1) / 10, sure: code % 2 === 1};
}

(() => {
  const home = byId('compare-controls'), result = byId('compare-result');
  if (models.length < 2) { result.textContent = 'There is one model here.'; return; }
  const state = {a: 0, b: 1};
  const exact = (col, i) => col.v[i] + (col.e ? col.e[i] / 100 : 0);

  function differences(level) {
    const own = ofKind(level);
    return own.map((col, place) => {
      const gap = col.v[state.a] == null || col.v[state.b] == null ? null : exact(col, state.a) - exact(col, state.b);
      return {col, gap, ...paired(level, place, state.a, state.b)};
    });
  }

  function word({col, gap, half, sure}) {
    if (gap == null) return 'no score';
    if (half == null) return 'no interval';
    if (half === 0 && Math.abs(gap) < 0.001) return 'equal';
    return sure ? (col.d ? ['lower', 'higher'] : ['worse', 'better'])[Number(gap > 0)] : 'open';
  }

  function line(one, scale, level) {
    const {col, gap, half, sure} = one;
    const name = col.k === 'language' ? `${languageName(col.n)} (${col.n})` : col.k === 'area' ? title(col.n) : col.n;
    const between = half == null || gap == null ? '' : ` [${signed(gap - half)}, ${signed(gap + half)}]`;
    return el('li', {class: `level${level}${sure ? ' sure' : ''}`}, el('span', {class: 'name'}, name),
      gap == null ? el('span') : bar(scale, gap, half == null ? null : gap - half, gap + half, 0),
      el('span', {class: 'num'}, gap == null ? MISSING : signed(gap), el('small', {}, between)), el('span', {class: 'word'}, word(one)));
  }

  function forest(found) {
    const scale = scaleOf([0, ...found.flatMap(({gap, half}) => gap == null ? [] : [gap, gap - (half || 0), gap + (half || 0)])]);
    const axis = el('li', {class: 'axis', 'aria-hidden': 'true'}, el('span'),
      el('div', {class: 'ticks'}, ...ticks(scale).map(tick => el('span', {'--v': scale.place(tick)}, signed(tick).replace('.0', '')))), el('span'), el('span'));
    const sides = el('li', {class: 'sides', 'aria-hidden': 'true'}, el('span'), el('div', {class: 'pole'},
      el('span', {'--v': scale.place(0)}, scale.place(0) > 25 ? `← ${models[state.b].l} better` : ''),
      el('span', {'--v': scale.place(0)}, scale.place(0) < 75 ? `${models[state.a].l} better →` : '')), el('span'), el('span'));
    return el('ul', {class: 'diff'}, sides, ...found.map(one => line(one, scale, one.level)), axis);
  }

  function draw() {
    const [a, b] = [models[state.a].l, models[state.b].l];
    if (state.a === state.b) { result.replaceChildren(el('p', {}, 'Choose two different models.')); return; }
    const areas = differences('area'), tasks = differences('task');
    const tree = [{...differences('overall')[0], level: 1},
      ...areas.flatMap(area => [{...area, level: 1}, ...tasks.filter(task => task.col.area === area.col.n).map(task => ({...task, level: 2}))])];
    const languages = differences('language').map(one => ({...one, level: 2}));
    const [overall] = tree, sure = languages.filter(one => one.sure);
    const known = languages.filter(one => one.gap != null && one.half != null).length;
    const said = overall.gap == null ? `${a} and ${b} do not both have an overall score`
      : overall.half == null ? `whether ${a} and ${b} can be told apart overall is not known here`
      : overall.sure ? `${models[overall.gap > 0 ? state.a : state.b].l} ${overall.col.d ? 'scores higher' : 'is better'} than ${overall.gap > 0 ? b : a} overall`
      : `${a} and ${b} cannot be told apart overall`;
    const count = Math.min(pairs.language ? pairs.language.models : 0, pairs.task ? pairs.task.models : 0);
    const lacking = Math.max(state.a, state.b) >= count;
    result.replaceChildren(
      el('p', {class: 'verdict small', id: 'compare-verdict'}, `${said}${overall.gap == null || overall.half == null ? '' : overall.sure ? `, by ${points(Math.abs(overall.gap))} points` : ` (${signed(overall.gap)} points)`}`
        + (known ? `; they differ in ${sure.length} of ${known} languages.` : '.')),
      el('p', {}, `Differences ${a} − ${b} in points, paired over the same ${data.over}${data.over === 'items' ? '' : ' (by language: items)'}, with ${100 * data.level}% intervals. Filled, better, worse: significant `
        + 'after Holm’s correction, over areas, over tasks and over languages each. Open: the data does not tell. This does not allow for this pair having been picked from '
        + 'many: the ranks of the standings do.'),
      ...(lacking ? [el('p', {class: 'limit'}, `To keep this page small, intervals by task are here for the first ${pairs.task?.models ?? 0} models, by language for `
        + `the first ${pairs.language?.models ?? 0}; xlbench compare has all.`)] : []),
      el('h3', {}, 'Areas and tasks'), forest(tree),
      ...(languages.length ? [el('h3', {}, 'Languages'), forest(languages)] : []), flipped(state.a, state.b));
  }

  const options = models.map((one, i) => ({value: String(i), text: one.l}));
  const first = select('Model', options, value => { state.a = Number(value); draw(); }, '0');
  const second = select('against', options, value => { state.b = Number(value); draw(); }, '1');
  const swap = el('button', {type: 'button', onclick: () => {
    [state.a, state.b] = [state.b, state.a];
    [first.box.value, second.box.value] = [state.a, state.b];
    draw();
  }}, 'Swap');
  home.append(first.label, second.label, swap);
  addEventListener('DOMContentLoaded', draw);
})();
