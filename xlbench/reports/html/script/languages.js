// Languages: a heat map of models by languages or subsets, and a part of the page for one language.

const ramp = [[[243, 246, 251], [207, 224, 243], [156, 195, 230], [91, 159, 211], [36, 116, 181], [11, 74, 134], [6, 43, 87]],
  [[253, 238, 224], [243, 178, 122], [200, 100, 27]]];

/** The color of a share from -1 to 1 of the scale: blue above chance, orange below; both told apart by the color-blind. */
function color(share) {
  const stops = ramp[share < 0 ? 1 : 0], at = Math.min(1, Math.abs(share)) * (stops.length - 1);
  const first = Math.min(stops.length - 2, Math.floor(at)), rest = at - first;
  return stops[first].map((one, place) => Math.round(one + rest * (stops[first + 1][place] - one)));
}
function luminance(rgb) {
  const [r, g, b] = rgb.map(one => one / 255).map(one => one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
/** How far a score lies above chance, of all there is above it. */
const lift = (col, i) => col.v[i] == null || col.c == null ? null : (col.v[i] - col.c) / (1000 - col.c);

function paint(cell, col, i, most) {
  const share = lift(col, i) ?? (col.v[i] == null ? null : col.v[i] / 1000);
  if (share == null) { cell.append(el('span', {class: 'none'}, '·')); return; }
  const rgb = color(share / most);
  cell.style.background = `rgb(${rgb})`;
  cell.style.color = luminance(rgb) > 0.179 ? '#000' : '#fff'; // the one with more contrast, 4.5 at least
  cell.append(Math.round((100 * col.v[i] + (col.e ? col.e[i] : 0)) / 1000));
  if (col.c != null && col.a[i] != null && low(col, i) <= col.c && high(col, i) >= col.c) cell.classList.add('unsure');
}

function mostOf(columns) {
  return Math.max(0.05, ...columns.flatMap(col => models.map((_, i) => lift(col, i) ?? (col.v[i] ?? 0) / 1000)));
}

function legend(home, most, hasChance) {
  const stops = [0, 0.2, 0.4, 0.6, 0.8, 1].map(one => `rgb(${color(one)})`).join(',');
  const box = el('span', {class: 'ramp', 'aria-hidden': 'true'});
  box.style.background = `linear-gradient(90deg,${stops})`;
  home.replaceChildren(el('span', {}, hasChance ? 'chance' : '0'), box, el('span', {}, `${(100 * most).toFixed(0)}% of what is above ${hasChance ? 'chance' : '0'}`),
    el('span', {}, 'Orange: below chance. In italics: the interval holds chance. Numbers are scores in points; the interval is on hover and focus.'));
}

(() => {
  const FEW = 12;
  const state = {task: '', order: 'family'};
  const tasks = ofKind('task').filter(task => cols.filter(col => col.k === 'cell' && col.task === task.n).length > 1);
  const languages = ofKind('language');
  if (!languages.length) { byId('languages').querySelectorAll('.controls, .legend').forEach(one => { one.hidden = true; });
    byId('heat').textContent = 'No cell here names its language.'; return; }

  /** The language by which a subset is put in order: the first that not all subsets of its task share. */
  const pivots = new Map();
  for (const task of tasks) {
    const sets = ofKind('cell').filter(col => col.task === task.n).map(col => new Set(col.x));
    pivots.set(task.n, new Set([...sets[0]].filter(one => sets.every(set => set.has(one)))));
  }
  const main = col => col.k === 'language' ? col.n
    : col.x.find(code => !pivots.get(col.task)?.has(code)) || col.x[0] || col.n;
  const about = code => data.languages[code] || [code, '', ''];
  const groupOf = {family: col => about(main(col))[2], script: col => about(main(col))[1] || 'no script known'};
  const mean = col => { const known = col.v.filter(one => one != null); return known.length ? known.reduce((a, b) => a + b) / known.length : -1; };

  function ordered() {
    const found = state.task ? ofKind('cell').filter(col => col.task === state.task) : languages;
    const by = {
      code: (x, y) => x.n.localeCompare(y.n), name: (x, y) => languageName(main(x)).localeCompare(languageName(main(y))),
      score: (x, y) => mean(y) - mean(x),
    };
    const group = groupOf[state.order];
    return found.sort(group ? (x, y) => group(x).localeCompare(group(y)) || by.code(x, y) : by[state.order]);
  }

  function heads(shown) {
    const group = groupOf[state.order], rows = [];
    if (group) {
      const cells = [el('th', {class: 'corner'})];
      for (let start = 0, end; start < shown.length; start = end) {
        for (end = start; end < shown.length && group(shown[end]) === group(shown[start]);) end++;
        cells.push(el('th', {class: end - start < 3 ? 'group narrow' : 'group', scope: 'colgroup', colspan: end - start}, el('span', {}, group(shown[start]))));
      }
      rows.push(el('tr', {}, ...cells));
    }
    rows.push(el('tr', {}, el('th', {class: 'corner', scope: 'col'}, 'Model'), ...shown.map(col => el('th', {scope: 'col'},
      el('button', {type: 'button', title: languageName(main(col)), 'data-language': main(col), onclick: () => open(main(col), true)}, col.n)))));
    return rows;
  }

  function draw() {
    const shown = ordered(), most = mostOf(shown);
    const body = el('tbody');
    const table = el('table', {class: 'heat', 'data-grid': true}, el('caption', {class: 'unseen-text'}, 'Scores of models by language'),
      el('thead', {}, ...heads(shown)), body);
    fill(body, [], i => el('tr', {'data-i': i}, el('th', {scope: 'row'}, models[i].l), ...shown.map(col => {
      const cell = el('td', {'data-c': col.at});
      paint(cell, col, i, most);
      return cell;
    })), shown.length + 1).draw(models.map((_, i) => i));
    byId('heat').replaceChildren(table);
    legend(byId('heat-legend'), most, shown.some(col => col.c != null));
    walkable(table);
  }

  /** The part of one language: what each task says of it, which models are best there, and what is missing. */
  function open(code, move) {
    const part = byId('language-part'), [name, script, family] = about(code);
    const cells = ofKind('cell').filter(col => (col.t || col.x).includes(code)), whole = languages.find(col => col.n === code);
    const without = ofKind('task').map(task => task.n).filter(task => !cells.some(col => col.task === task));
    const rows = [...(whole ? [whole] : []), ...cells].map(col => {
      const order = models.map((_, i) => i).filter(i => col.v[i] != null).sort((x, y) => col.v[y] - col.v[x]);
      const lacking = models.length - order.length;
      const cell = i => el('td', {class: 'text', 'data-c': col.at, 'data-i': i}, `${models[i].l} `, el('b', {}, points(col.v[i])), ' ', el('small', {}, ends(col, i)));
      return el('tr', {}, el('th', {scope: 'row'}, col.k === 'cell' ? `${col.task} ${col.n}` : 'All of these'),
        ...[0, 1, 2].slice(0, models.length).map(place => order[place] == null ? el('td', {class: 'text'}, MISSING) : cell(order[place])),
        el('td', {}, points(col.c)), el('td', {}, col.i ? col.i.toLocaleString('en') : MISSING), el('td', {}, lacking ? `${lacking} of ${models.length}` : 'none'));
    });
    const headline = ['', 'Best', 'Second', 'Third'].slice(0, 1 + Math.min(3, models.length));
    const table = el('table', {class: 'plain'}, el('caption', {class: 'unseen-text'}, `Scores on ${name}`), el('thead', {},
      el('tr', {}, ...headline.map((text, place) => el('th', {scope: 'col', class: place ? 'text' : ''}, text)),
        ...['Chance', 'Items', 'Without a score'].map(text => el('th', {scope: 'col'}, text)))), el('tbody', {}, ...rows.slice(0, FEW)));
    const all = el('button', {type: 'button', onclick: () => { table.tBodies[0].append(...rows.slice(FEW)); all.remove(); }}, `Show all ${cells.length} subsets`);
    part.replaceChildren(el('h3', {}, `${name} (${code})`),
      el('p', {}, [family, script && `script ${script}`, `${cells.length} subsets`].filter(Boolean).join(', ') + '. '
        + (without.length ? `Nothing here in: ${without.join(', ')}.` : 'Every task has it.')), el('div', {class: 'wide'}, table), ...(rows.length > FEW ? [all] : []));
    walkable(table);
    language.box.value = code;
    if (move) part.focus();
  }

  const codes = languages.map(col => col.n);
  const scores = select('Scores', [{value: '', text: 'Mean over tasks, by language'}, ...tasks.map(task => ({value: task.n, text: task.n, group: 'Subsets of a task'}))],
    value => { state.task = value; draw(); });
  const order = select('Order', [['family', 'Family'], ['script', 'Script'], ['code', 'Code'], ['name', 'Name'], ['score', 'Mean score']]
    .map(([value, text]) => ({value, text})), value => { state.order = value; draw(); });
  const language = select('Language', codes.map(code => ({value: code, text: `${languageName(code)} (${code})`})), value => open(value, false));
  byId('heat-controls').append(scores.label, order.label, language.label);
  draw();
  open(codes[0], false);
})();
