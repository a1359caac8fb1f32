// Items: those on which models differ most, and those that flip between two models.

/** By set: whether a model has an item right; null where it has no score there. */
function right(set, model, place) {
  const bits = set.bits[model];
  if (bits == null) return null;
  set.read ||= [];
  set.read[model] ||= Uint8Array.from(atob(bits), one => one.charCodeAt(0));
  return (set.read[model][place >> 3] >> (place & 7)) % 2 === 1;
}
const textOf = (set, place) => (set.texts && set.texts[place] || []).map(text => data.items.texts[text]).join(' = ') || MISSING;
const haveTexts = sets => sets.some(set => set.texts);
const FLIPS = 100;

function flipped(a, b) {
  if (!data.items) return el('p', {class: 'limit'}, 'Which items one model gets right and the other wrong: ', el('code', {}, 'xlbench report --items'), ' writes a page that lists them.');
  const rows = [];
  let won = 0, lost = 0;
  for (const set of data.items.sets) {
    set.ids.forEach((id, place) => {
      const [one, other] = [right(set, a, place), right(set, b, place)];
      if (one == null || other == null || one === other) return;
      if (one) won++; else lost++;
      rows.push([set, id, one, place]);
    });
  }
  const shown = rows.slice(0, FLIPS), told = haveTexts(data.items.sets);
  const table = el('table', {class: 'plain'}, el('caption', {class: 'unseen-text'}, 'Items that flipped'),
    el('thead', {}, el('tr', {}, ...['Item', 'Task', 'Subset', 'Right in', ...(told ? ['Text'] : [])].map(text => el('th', {scope: 'col', class: 'text'}, text)))),
    el('tbody', {}, ...shown.map(([set, id, one, place]) => el('tr', {}, el('th', {scope: 'row'}, data.items.ids[id]), el('td', {class: 'text'}, set.task),
      el('td', {class: 'text'}, set.subset), el('td', {class: 'text'}, models[one ? a : b].l), ...(told ? [el('td', {class: 'text', dir: 'auto'}, textOf(set, place))] : [])))));
  const scope = data.items.whole ? '' : 'Among the items of this page, ';
  return el('details', {class: 'flips'}, el('summary', {}, `Items that flipped: ${whole(won + lost)}`),
    el('p', {}, `${scope}${models[a].l} alone has ${whole(won)} right, ${models[b].l} alone ${whole(lost)}.`
      + (rows.length > FLIPS ? ` The first ${FLIPS} are shown.` : '')), el('div', {class: 'wide'}, table));
}

(() => {
  if (!data.items || !data.items.sets.length) return;
  document.querySelectorAll('#items, nav a[href="#items"]').forEach(one => { one.hidden = false; });
  const tasks = [...new Set(data.items.sets.map(set => set.task))];
  let chosen = tasks[0];

  function draw() {
    const rows = [];
    for (const set of data.items.sets.filter(one => one.task === chosen)) {
      set.ids.forEach((id, place) => {
        const marks = models.map((_, i) => right(set, i, place)), known = marks.filter(one => one != null);
        const share = known.filter(Boolean).length / known.length;
        rows.push({set, id, place, marks, spread: share * (1 - share)});
      });
    }
    rows.sort((x, y) => y.spread - x.spread);
    const shown = rows.filter(row => row.spread > 0).slice(0, data.items.n);
    const told = haveTexts(data.items.sets.filter(one => one.task === chosen)), body = el('tbody');
    const table = el('table', {class: 'plain', id: 'items-table'}, el('caption', {class: 'unseen-text'}, `Items of ${chosen}`), el('thead', {}, el('tr', {},
      ...['Item', 'Subset', ...(told ? ['Text'] : [])].map(text => el('th', {scope: 'col', class: 'text'}, text)), ...models.map(one => el('th', {scope: 'col'}, one.l)))), body);
    fill(body, [], r => {
      const {set, id, place, marks} = shown[r];
      return el('tr', {}, el('th', {scope: 'row'}, data.items.ids[id]), el('td', {class: 'text'}, set.subset),
        ...(told ? [el('td', {class: 'text', dir: 'auto'}, textOf(set, place))] : []),
        ...marks.map(one => el('td', {}, el('span', {class: `sign ${one ? 'unseen' : 'seen'}`}, one == null ? MISSING : one ? '●' : '○',
          el('span', {class: 'unseen-text'}, one == null ? '' : one ? ' right' : ' wrong')))));
    }, 2 + told + models.length).draw(shown.map((_, r) => r));
    byId('items-result').replaceChildren(el('p', {}, `The ${shown.length} items of ${chosen} on which the models differ most. ●: right, ○: wrong.`), table);
  }

  const task = select('Task', tasks.map(one => ({value: one, text: one})), value => { chosen = value; draw(); });
  byId('items-controls').append(task.label);
  draw();
})();
