// Standings: sorted by any column, filtered by model, license and training data, with other scores as columns.

(() => {
  const table = byId('standings-table'), body = table.tBodies[0], head = table.tHead.rows[0];
  const own = [...body.rows];
  const state = {view: 'areas', sort: 'rank', up: true, text: '', license: '', training: ''};
  let columns = [], rows;

  const views = [
    {value: 'areas', text: 'Overall and areas'},
    ...ofKind('area').map(col => ({value: `area ${col.n}`, text: title(col.n), group: 'Tasks of an area'})),
    ...(ofKind('register').length ? [{value: 'registers', text: 'By register'}] : []),
    ...ofKind('language').map(col => ({value: `language ${col.n}`, text: `${languageName(col.n)} (${col.n})`, group: 'A language'})),
  ];

  function columnsOf(view) {
    const [kind, ...rest] = view.split(' '), name = rest.join(' ');
    if (kind === 'area') return cols.flatMap((col, c) => (col.k === 'area' && col.n === name) || (col.k === 'task' && col.area === name) ? [c] : []);
    if (kind === 'registers') return ofKind('register').map(col => col.at);
    if (kind === 'language') {
      const cells = ofKind('cell').filter(col => (col.t || col.x).includes(name));
      return [...ofKind('language').filter(col => col.n === name), ...cells].map(col => col.at).slice(0, 16);
    }
    return cols.flatMap((col, c) => ['overall', 'above', 'area'].includes(col.k) ? [c] : []);
  }

  const nameOf = col => ({
    language: () => languageName(col.n),
    register: () => `${title(col.area)}, ${col.n}`,
    cell: () => `${col.task} ${col.n}`,
  }[col.k] || (() => col.k === 'area' ? title(col.n) : col.n))();

  function scoreCell(col, c, i, scale) {
    const cell = el('td', {'data-c': c});
    if (col.v[i] == null) cell.append(el('span', {class: 'none'}, MISSING));
    else {
      const between = ends(col, i);
      cell.append(el('b', {}, points(col.v[i])), between ? ' ' : '', between ? el('small', {}, between) : '',
        bar(scale, col.v[i], low(col, i), high(col, i), col.c));
    }
    return cell;
  }

  function makeRow(scales) {
    return i => {
      const first = own[i].cells[0].cloneNode(true), name = own[i].cells[1].cloneNode(true);
      return el('tr', {'data-i': i, class: own[i].className}, first, name,
        ...columns.map((c, place) => scoreCell(cols[c], c, i, scales[place])));
    };
  }

  function header(key, text) {
    const cell = el('th', {scope: 'col', 'data-col': key}, el('button', {type: 'button', onclick: () => sortBy(key)}, text));
    return cell;
  }

  function show(view) {
    state.view = view;
    columns = columnsOf(view);
    head.replaceChildren(header('rank', view === 'areas' ? 'Rank' : 'Overall rank'), header('model', 'Model'), ...columns.map(c => header(String(c), nameOf(cols[c]))));
    rows = fill(body, [], makeRow(columns.map(c => scaleOfColumn(cols[c]))), columns.length + 2);
    table.tFoot.rows[0].replaceChildren(el('td', {class: 'rank'}), el('th', {scope: 'row'}, 'Chance'),
      ...columns.map(c => el('td', {}, cols[c].c == null ? MISSING : points(cols[c].c), ' ', el('small'))));
    if (view === 'areas') own.forEach((row, i) => rows.keep(i, row));
    if (!['rank', 'model', ...columns.map(String)].includes(state.sort)) Object.assign(state, {sort: 'rank', up: true});
    draw();
  }

  function key(i) {
    if (state.sort === 'model') return models[i].l;
    if (state.sort === 'rank') return i;
    return cols[state.sort].v[i];
  }

  function draw() {
    const fits = model => (!state.text || model.l.toLowerCase().includes(state.text))
      && (!state.license || (model.k || 'not stated') === state.license) && (!state.training || model.t === state.training);
    const keys = models.map((_, i) => key(i)), way = state.up ? 1 : -1;
    const compare = (x, y) => {
      const [one, other] = [keys[x], keys[y]];
      if (one == null || other == null) return (one == null) - (other == null) || x - y;
      return way * (typeof one === 'string' ? one.localeCompare(other) : one - other) || x - y;
    };
    const order = models.map((_, i) => i).filter(i => fits(models[i])).sort(compare);
    rows.draw(order);
    for (const cell of head.cells) {
      cell.setAttribute('aria-sort', cell.dataset.col === state.sort ? (state.up ? 'ascending' : 'descending') : 'none');
    }
    table.classList.toggle('resorted', state.sort !== 'rank');
    count.textContent = order.length === models.length ? `${models.length} models` : `${order.length} of ${models.length} models`;
    enter();
  }

  function sortBy(name) {
    if (state.sort === name) state.up = !state.up;
    else Object.assign(state, {sort: name, up: name === 'rank' || name === 'model'});
    draw();
  }

  const all = {value: '', text: 'All'};
  const licenses = [...new Set(models.map(model => model.k || 'not stated'))].sort();
  const search = el('input', {type: 'search', size: 16, oninput: () => { state.text = search.value.trim().toLowerCase(); draw(); }});
  const count = el('output', {'aria-live': 'polite'});
  const view = select('Scores', views, show);
  const license = select('License', [all, ...licenses.map(one => ({value: one, text: one}))], value => { state.license = value; draw(); });
  const training = select('Training data', [all, {value: 'seen', text: 'Trained on data here'}, {value: 'unseen', text: 'Data unseen'},
    {value: 'unknown', text: 'Unknown'}], value => { state.training = value; draw(); });
  const reset = el('button', {type: 'button', onclick: () => {
    search.value = view.box.selectedIndex = license.box.selectedIndex = training.box.selectedIndex = '';
    Object.assign(state, {sort: 'rank', up: true, text: '', license: '', training: ''});
    show('areas');
  }}, 'Reset');
  byId('standings-controls').append(el('label', {}, 'Model', search), view.label, license.label, training.label, reset, count);
  const enter = walkable(table);
  show('areas');
})();
