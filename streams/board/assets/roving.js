// Tables full of buttons, without a hundred stops for Tab.

/** Arrow keys lead from button to button of a table, which is one stop for Tab. */
export function roving(table) {
  const buttons = () => [...table.querySelectorAll('button.why')];
  const reach = (button) => {
    for (const other of buttons()) other.tabIndex = other === button ? 0 : -1;
    button.focus();
  };
  buttons().forEach((button, n) => { button.tabIndex = n ? -1 : 0; });
  table.addEventListener('keydown', (event) => {
    const cell = event.target.closest('button.why')?.closest('td');
    if (!cell) return;
    const row = cell.parentElement;
    const next = {
      ArrowRight: cell.nextElementSibling,
      ArrowLeft: cell.previousElementSibling,
      ArrowDown: row.nextElementSibling?.cells[cell.cellIndex],
      ArrowUp: row.previousElementSibling?.cells[cell.cellIndex],
    }[event.key]?.querySelector('button.why');
    if (!next) return;
    event.preventDefault();
    reach(next);
  });
}
