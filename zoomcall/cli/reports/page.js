"use strict";
(() => {
  const PAGE = 500;
  const table = document.getElementById("rooms");
  const body = table.tBodies[0];
  const search = document.getElementById("search");
  const choice = document.getElementById("state");
  const status = document.getElementById("shown");
  const more = document.getElementById("more");
  const rows = [...body.rows].map((row) => [...row.cells].map((cell) => cell.textContent));
  rows.push(...JSON.parse(document.getElementById("rest").textContent));
  const found = [];
  const has = (index, words) => (found[index] ??= rows[index].join("\n").toLowerCase()).includes(words);
  const tones = JSON.parse(document.getElementById("tones").textContent);
  let order = rows.map((_, index) => index);
  let limit = PAGE;

  const draw = () => {
    const words = search.value.toLowerCase();
    const matching = order.filter(
      (index) => (!choice.value || rows[index][3] === choice.value) && (!words || has(index, words)),
    );
    const drawn = matching.slice(0, limit).map((index) => {
      const row = document.createElement("tr");
      rows[index].forEach((text, column) => {
        const cell = document.createElement(column === 1 ? "th" : "td");
        if (column === 1) cell.scope = "row";
        if (column === 3) cell.className = `state ${tones[text] || "none"}`;
        cell.textContent = text;
        row.append(cell);
      });
      return row;
    });
    body.replaceChildren(...drawn);
    status.textContent = `${drawn.length} of ${matching.length} matching rooms shown, ${rows.length} in all`;
    more.hidden = matching.length <= limit;
  };

  const compare = (column) => (left, right) =>
    rows[left][column].localeCompare(rows[right][column], undefined, { numeric: true });
  table.tHead.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const head = button.closest("th");
    const isUp = head.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
    order.sort(compare(head.cellIndex));
    if (!isUp) order.reverse();
    draw();
  });
  const again = () => { limit = PAGE; draw(); };
  search.addEventListener("input", again);
  choice.addEventListener("change", again);
  more.addEventListener("click", () => { limit += PAGE; draw(); });
  document.getElementById("controls").hidden = false;
  more.hidden = rows.length <= PAGE;
})();
