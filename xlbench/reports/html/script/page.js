// What every room uses: the data, elements, numbers, tips, tables that arrow keys walk through.

const data = JSON.parse(document.getElementById('board').textContent);
const {models, cols, pairs} = data;
const byId = id => document.getElementById(id);
const MISSING = '—';
const ROWS_AT_ONCE = 60;
document.documentElement.classList.add('js');

/** An element; texts become text nodes, so that no name of a stranger is ever markup. */
function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name.startsWith('--')) made.style.setProperty(name, value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter(child => child != null));
  return made;
}

/** Tenths of points as a text. */
const points = tenths => tenths == null ? MISSING : (tenths / 10).toFixed(1).replace(/^-0\.0$/, '0.0');
const signed = tenths => (tenths > 0 ? '+' : tenths < 0 ? '−' : '') + points(Math.abs(tenths));
const whole = number => number.toLocaleString('en');
const low = (col, i) => col.a[i] == null ? null : col.v[i] - col.a[i];
const high = (col, i) => col.b[i] == null ? null : col.v[i] + col.b[i];
const span = (low, high) => low === high ? String(low) : `${low}–${high}`;
const title = name => name === 'ner' ? 'NER' : name.charAt(0).toUpperCase() + name.slice(1);
const ofKind = kind => cols.map((col, at) => ({...col, at})).filter(col => col.k === kind);
const languageName = code => (data.languages[code] || [code])[0];

function ends(col, i) {
  if (col.a[i] == null) return '';
  return points(low(col, i)) + (low(col, i) < 0 ? ' to ' : '–') + points(high(col, i));
}

/** Where the values of a column lie on a line, in percent. */
function scaleOf(numbers) {
  const known = numbers.filter(number => number != null);
  let least = known.length ? Math.min(...known) : 0, most = known.length ? Math.max(...known) : 1000;
  const room = Math.max(10, 0.04 * (most - least));
  least = least >= 0 && least <= 0.3 * (most - least) ? 0 : least - room;
  most += room;
  const place = number => Math.min(100, Math.max(0, 100 * (number - least) / (most - least)));
  return {least, most, place};
}

function scaleOfColumn(col) {
  return scaleOf([col.c, ...models.flatMap((_, i) => [col.v[i], low(col, i), high(col, i)])]);
}

function bar(scale, value, least, most, chance) {
  const style = {'--v': scale.place(value)};
  if (least != null) Object.assign(style, {'--l': scale.place(least), '--w': scale.place(most) - scale.place(least)});
  if (chance != null) style['--c'] = scale.place(chance);
  return el('i', {class: 'iv', 'aria-hidden': 'true', ...style});
}

/** Round values on a line for its axis. */
function ticks(scale) {
  const span = scale.most - scale.least;
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 250, 500].find(one => span / one <= 6) || 1000;
  const found = [];
  for (let tick = Math.ceil(scale.least / step) * step; tick <= scale.most; tick += step) found.push(tick);
  return found;
}

function select(label, options, onchange, chosen) {
  const box = el('select', {onchange: () => onchange(box.value)});
  const groups = new Map();
  for (const {value, text, group} of options) {
    let home = box;
    if (group) {
      if (!groups.has(group)) { groups.set(group, el('optgroup', {label: group})); box.append(groups.get(group)); }
      home = groups.get(group);
    }
    home.append(el('option', {value, selected: value === chosen}, text));
  }
  return {label: el('label', {}, label, box), box};
}

/** Rows of a table body, made as they are needed; a long table has a button for more, which scrolling presses. */
function fill(body, order, make, columns) {
  const kept = new Map();
  let shown = Math.min(order.length, ROWS_AT_ONCE);
  const row = i => { if (!kept.has(i)) kept.set(i, make(i)); return kept.get(i); };
  const more = el('button', {type: 'button', onclick: () => { shown += ROWS_AT_ONCE; draw(); }});
  const last = el('tr', {class: 'more'}, el('td', {colspan: columns}, more));
  const watch = new IntersectionObserver(seen => { if (seen.some(one => one.isIntersecting)) more.click(); });
  function draw() {
    const rest = order.length - shown;
    more.textContent = `Show more (${rest})`;
    watch.unobserve(last);
    body.replaceChildren(...order.slice(0, shown).map(row), ...(rest > 0 ? [last] : []));
    if (rest > 0) watch.observe(last);
  }
  addEventListener('beforeprint', () => { shown = order.length; draw(); });
  return {
    keep(i, made) { kept.set(i, made); },
    draw(next, all) { order = next; shown = all ? next.length : Math.min(next.length, Math.max(shown, ROWS_AT_ONCE)); draw(); },
  };
}

// Tips: on hover and on focus, what lies behind a number.

const tip = byId('tip');
function tipLines(c, i) {
  const col = cols[c], lines = [];
  if (col.v[i] == null) {
    lines.push((col.w && data.notes[col.w[i]]) || 'no score');
  } else {
    const between = ends(col, i);
    lines.push(points(col.v[i]) + (between ? ` [${between}] at ${100 * data.level}%, ${col.m}` : ', no interval'));
    lines.push(`${whole(col.i)} items in ${whole(col.g)} clusters` + (col.metric ? `, ${col.metric}` : ''));
    if (col.c != null) lines.push(`chance ${points(col.c)}`);
    if (col.r && col.r[i]) lines.push(`rank ${span(...col.r[i])} here`);
    if (col.p) lines.push(col.p[i] == null ? 'the best of this column' : `p ${pText(col.p[i])} against the best (Dunnett)`);
  }
  return lines;
}
const pText = thousandths => thousandths < 1 ? '< .001' : '= ' + (thousandths / 1000).toFixed(3).replace(/^0/, '');

function showTip(cell) {
  const c = Number(cell.dataset.c), i = Number(cell.dataset.i ?? cell.parentNode.dataset.i);
  const col = cols[c];
  const name = col.k === 'language' ? languageName(col.n) : col.task ? `${col.task} ${col.n}` : title(col.n);
  tip.replaceChildren(el('b', {}, `${models[i].l}, ${name}`), ...tipLines(c, i).map(line => el('div', {}, line)));
  tip.hidden = false;
  const box = cell.getBoundingClientRect(), own = tip.getBoundingClientRect();
  const left = Math.max(8, Math.min(box.left, document.documentElement.clientWidth - own.width - 8));
  const under = box.bottom + own.height + 8 < innerHeight;
  tip.style.left = `${left + scrollX}px`;
  tip.style.top = `${(under ? box.bottom + 6 : box.top - own.height - 6) + scrollY}px`;
  cell.setAttribute('aria-describedby', 'tip');
}
function hideTip() {
  tip.hidden = true;
  document.querySelectorAll('[aria-describedby=tip]').forEach(cell => cell.removeAttribute('aria-describedby'));
}
const tipped = target => target instanceof Element && target.closest('td[data-c]');
for (const [on, off] of [['mouseover', 'mouseout'], ['focusin', 'focusout']]) {
  document.addEventListener(on, event => { const cell = tipped(event.target); if (cell) showTip(cell); });
  document.addEventListener(off, event => { if (tipped(event.target)) hideTip(); });
}
document.addEventListener('keydown', event => { if (event.key === 'Escape') hideTip(); });

/** One stop for the tab key a table; arrow keys go from cell to cell. */
function walkable(table) {
  const cells = () => [...table.tBodies[0].rows].map(row => [...row.querySelectorAll('td[data-c]')])
    .filter((row, place) => row.length && !table.tBodies[0].rows[place].hidden);
  const enter = () => {
    if (table.querySelector('td[tabindex="0"]')) return;
    const first = table.querySelector('td[data-c]');
    if (first) first.tabIndex = 0;
  };
  table.addEventListener('keydown', event => {
    const step = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]}[event.key];
    const cell = tipped(event.target);
    if (!step || !cell) return;
    const rows = cells(), r = rows.findIndex(row => row.includes(cell));
    const next = (rows[r + step[0]] || [])[rows[r].indexOf(cell) + step[1]];
    if (!next) return;
    event.preventDefault();
    focusOn(next);
  });
  table.addEventListener('click', event => { const cell = tipped(event.target); if (cell) focusOn(cell); });
  function focusOn(cell) {
    table.querySelectorAll('td[tabindex]').forEach(one => one.removeAttribute('tabindex'));
    cell.tabIndex = 0;
    cell.focus();
  }
  enter();
  return enter;
}

document.querySelectorAll('button.copy').forEach(button => button.addEventListener('click', async () => {
  const home = byId(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(home.textContent);
    button.textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren(home);
    button.textContent = 'Selected: copy it with the keyboard';
  }
}));
