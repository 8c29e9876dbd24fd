"use strict";
(() => {
  document.documentElement.classList.add("scripted");
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);

  // Sort and filter: the cards follow the lines of the table.
  const FEW = 12;
  const [gallery, body, headings] = [one(".cards"), one("#table tbody"), all("#table th")];
  const [sort, reverse, show, find, more] = all("#sort, #reverse, #show, #find, #more");
  const lines = [...body.rows];
  let most = FEW;

  const value = (line) => {
    const text = line.cells[sort.value].dataset.v ?? line.cells[sort.value].textContent;

    return Number.isNaN(Number(text)) ? text : Number(text);
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(b);

  const arrange = () => {
    const sign = reverse.checked ? -1 : 1;
    const wanted = find.value.trim().toLowerCase();
    const fits = (line) => line.matches(show.value) && line.textContent.toLowerCase().includes(wanted);
    lines.sort((a, b) => sign * compare(value(a), value(b)));
    body.append(...lines);
    headings.forEach((heading, at) => {
      heading.ariaSort = at === Number(sort.value) ? (sign > 0 ? "ascending" : "descending") : null;
    });
    all(".card, .method").forEach((part) => (part.hidden = true));
    const found = new Set();

    for (const line of lines) {
      const card = one(`#row-${line.dataset.row}`);
      line.hidden = !fits(line);

      if (!line.hidden) {
        found.add(card);
        all(".method", card).find((method) => method.dataset.method === line.dataset.method).hidden = false;
      }
    }
    [...found].slice(0, most).forEach((card) => (card.hidden = false));
    gallery.append(...found);
    one("#shown").textContent = `showing ${Math.min(most, found.size)} of ${found.size}`;
    more.hidden = found.size <= most;
    more.textContent = `Show all ${found.size}`;
  };
  headings.forEach((heading, at) =>
    heading.addEventListener("click", () => {
      reverse.checked = at === Number(sort.value) && !reverse.checked;
      sort.value = at;
      arrange();
    }),
  );
  one("#controls").addEventListener("input", arrange);
  one("#controls").addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => arrange((most = Infinity)));
  arrange();

  // The handle of a path moves x′ and the difference along.
  const style = getComputedStyle(document.documentElement);
  const [darker, brighter] = ["--darker", "--brighter"].map((name) =>
    style.getPropertyValue(name).match(/\w\w/g).map((part) => parseInt(part, 16)),
  );
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const pixels = (image) => {
    [pen.canvas.width, pen.canvas.height] = [image.naturalWidth, image.naturalHeight];
    pen.drawImage(image, 0, 0);

    return pen.getImageData(0, 0, image.naturalWidth, image.naturalHeight);
  };
  const difference = (before, after) => {
    const [start, end] = [pixels(before).data, pixels(after)];

    for (let at = 0; at < start.length; at += 4) {
      const change = [0, 1, 2].reduce((sum, part) => sum + end.data[at + part] - start[at + part], 0) / 765;
      const share = Math.min(1, Math.abs(change) / gallery.dataset.limit);
      (change < 0 ? darker : brighter).forEach((ink, part) => (end.data[at + part] = 255 + (ink - 255) * share));
    }
    pen.putImageData(end, 0, 0);

    return pen.canvas.toDataURL();
  };

  for (const path of all(".path")) {
    const [slider, frames] = [one("input", path), all("img", path)];
    const [method, card] = [path.closest(".method"), path.closest(".card")];
    const [end, change] = all(".end img, .difference img", method);
    const start = one(".start img", method) ?? one(".input img", card);
    const whole = change.src;
    const move = (at) => {
      slider.value = at;
      end.src = frames[at].src;
      change.src = at === frames.length - 1 ? whole : difference(start, frames[at]);
      frames.forEach((frame, place) => frame.classList.toggle("current", place === at));
      one("output", path).textContent = slider.ariaValueText = frames[at].alt;
    };
    slider.addEventListener("input", () => move(Number(slider.value)));
    frames.forEach((frame, at) => frame.addEventListener("click", () => move(at)));
    move(frames.length - 1);
  }
})();
