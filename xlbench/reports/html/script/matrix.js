// Pairs of languages and transfers from one to another: a matrix for a task and a model.

(() => {
  const cells = ofKind('cell').filter(col => col.x.length === 2 && /[->]/.test(col.n));
  const tasks = [...new Set(cells.map(col => col.task))].filter(task => cells.filter(col => col.task === task).length > 3);
  if (!tasks.length) return;
  const state = {task: tasks[0], model: 0};

  function draw() {
    const own = cells.filter(col => col.task === state.task), at = new Map(own.map(col => [col.x.join(' '), col]));
    const [down, across] = [0, 1].map(side => [...new Set(own.map(col => col.x[side]))].sort());
    const transfer = own.some(col => col.n.includes('>')), most = mostOf(own);
    const rows = down.map(one => el('tr', {}, el('th', {scope: 'row', title: languageName(one)}, one), ...across.map(other => {
      const col = at.get(`${one} ${other}`);
      if (!col) return el('td', {class: 'none'}, '');
      const cell = el('td', {'data-c': col.at, 'data-i': state.model});
      paint(cell, col, state.model, most);
      return cell;
    })));
    const table = el('table', {class: 'heat', 'data-grid': true}, el('caption', {class: 'unseen-text'}, `${state.task}, ${models[state.model].l}`),
      el('thead', {}, el('tr', {}, el('th', {class: 'corner', scope: 'col'}, transfer ? 'trained on ↓, tested on →' : 'queries ↓, candidates →'),
        ...across.map(one => el('th', {scope: 'col', title: languageName(one)}, one)))), el('tbody', {}, ...rows));
    result.replaceChildren(table);
    walkable(table);
  }

  const task = select('Task', tasks.map(one => ({value: one, text: one})), value => { state.task = value; draw(); });
  const model = select('Model', models.map((one, i) => ({value: String(i), text: one.l})), value => { state.model = Number(value); draw(); });
  const result = el('div', {class: 'wide', id: 'matrix'});
  byId('matrix-part').append(el('h3', {}, 'Pairs and transfers'), el('div', {class: 'controls', id: 'matrix-controls'}, task.label, model.label), result);
  draw();
})();
