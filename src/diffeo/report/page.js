"use strict";
(() => {
  document.documentElement.classList.add("scripted");
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);

  // Values of a table's cells: a number where there is one, else the text.
  const value = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.v ?? cell.textContent.trim();
    const number = Number(text);

    return text !== "" && !Number.isNaN(number) ? number : text;
  };
  const words = new Intl.Collator(undefined, { numeric: true });
  const compare = (a, b) => {
    const numbers = typeof a === "number" && typeof b === "number";

    return numbers ? a - b : words.compare(String(a), String(b));
  };
  const sorted = (rows, column, sign) =>
    rows
      .map((row, place) => ({ row, place, key: value(row, column) }))
      .sort((a, b) => sign * compare(a.key, b.key) || a.place - b.place)
      .map((item) => item.row);

  // A heading becomes a button that sorts.
  const button = (heading, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.append(...heading.childNodes);
    heading.append(made);
    made.addEventListener("click", act);
  };
  const mark = (headings, column, sign) =>
    headings.forEach((heading, place) => {
      if (place === column) {
        heading.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      } else {
        heading.removeAttribute("aria-sort");
      }
    });

  for (const table of all("table.sortable")) {
    const headings = all("thead th", table);
    headings.forEach((heading, column) =>
      button(heading, () => {
        const sign = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        mark(headings, column, sign);
        table.tBodies[0].append(...sorted([...table.tBodies[0].rows], column, sign));
      }),
    );
  }

  // Pictures: tiles of a row's sheet, and the differences between them.
  const gallery = one(".gallery");
  const cards = new Map(all(".card").map((card) => [card.dataset.row, card]));
  const width = gallery ? Number(gallery.dataset.w) : 0;
  const height = gallery ? Number(gallery.dataset.h) : 0;
  const limit = gallery ? Number(gallery.dataset.limit) : 1;
  const color = (name) => {
    const text = getComputedStyle(document.documentElement).getPropertyValue(name);

    return [1, 3, 5].map((at) => parseInt(text.trim().slice(at, at + 2), 16));
  };
  const [blue, orange, violet] = ["--blue", "--orange", "--violet"].map(color);
  const scratch = document.createElement("canvas");
  scratch.width = width;
  scratch.height = height;
  const desk = scratch.getContext("2d", { willReadFrequently: true });
  const images = new WeakMap();

  const sheet = (card) => {
    if (!images.has(card)) {
      const image = new Image();
      image.src = card.style.getPropertyValue("--s").slice(4, -1).replace(/["']/g, "");
      images.set(card, image.decode().then(() => image));
    }

    return images.get(card);
  };
  const pixels = (image, index) => {
    desk.drawImage(image, index * (width + 2) + 1, 1, width, height, 0, 0, width, height);

    return desk.getImageData(0, 0, width, height).data;
  };
  const paint = (canvas, rule) => {
    const pen = canvas.getContext("2d");
    const drawn = pen.createImageData(width, height);

    for (let at = 0; at < drawn.data.length; at += 4) {
      const [share, ink] = rule(at);
      const much = Math.min(1, share / limit);

      for (let part = 0; part < 3; part += 1) {
        drawn.data[at + part] = 255 + (ink[part] - 255) * much;
      }
      drawn.data[at + 3] = 255;
    }
    pen.putImageData(drawn, 0, 0);
  };
  const differ = (card, method, index) =>
    sheet(card).then((image) => {
      const before = pixels(image, 0);
      const after = pixels(image, index);
      const change = (at, part) => (after[at + part] - before[at + part]) / 255;
      const mean = (at) => (change(at, 0) + change(at, 1) + change(at, 2)) / 3;
      const most = (at) => Math.max(...[0, 1, 2].map((part) => Math.abs(change(at, part))));
      paint(one("canvas.signed", method), (at) => {
        const shift = mean(at);

        return [Math.abs(shift), shift < 0 ? blue : orange];
      });
      paint(one("canvas.absolute", method), (at) => [most(at), violet]);
    });
  const draw = (card) => {
    if (card.dataset.drawn) {
      return;
    }
    card.dataset.drawn = "yes";

    for (const method of all(".method", card)) {
      const index = Number(one(".end .tile", method).style.getPropertyValue("--i"));
      differ(card, method, index);
    }
  };

  // The handle under a film moves x′ and both differences along the path.
  const scrub = (slider) => {
    const method = slider.closest(".method");
    const steps = slider.dataset.steps.split(" ");
    const frame = Number(slider.value);
    const film = slider.parentElement;
    const index = Number(film.style.getPropertyValue("--f")) + frame;
    const said = `step ${steps[frame]} of ${steps.at(-1)}`;
    const strength = slider.dataset.said.split("|")[frame];
    slider.setAttribute("aria-valuetext", `${said}, ${strength}`);
    one("output", film).textContent = `${said} · ${strength}`;
    film.style.setProperty("--c", frame);
    one(".end .tile", method).style.setProperty("--i", index);
    one(".end figcaption", method).textContent =
      frame === steps.length - 1 ? "x′" : `on the way, ${said}`;

    return differ(slider.closest(".card"), method, index);
  };

  for (const film of all(".film")) {
    const slider = one("input", film);
    const steps = slider.dataset.steps.split(" ");
    const said = slider.dataset.said.split("|");
    const last = `step ${steps.at(-1)} of ${steps.at(-1)}`;
    slider.setAttribute("aria-valuetext", `${last}, ${said.at(-1)}`);
    one("output", film).textContent = `${last} · ${said.at(-1)}`;
    slider.addEventListener("input", () => scrub(slider));
    one(".strip", film).addEventListener("click", (event) => {
      const share = event.offsetX / event.currentTarget.clientWidth;
      slider.value = Math.floor(share * steps.length);
      scrub(slider);
    });
  }

  // One state of sorting and filtering for the table and the gallery.
  const table = one("#table");
  const headings = all("thead tr:first-child th", table);
  const lines = [...table.tBodies[0].rows];
  const filters = all("[data-column]", table);
  const [sort, direction, show] = ["#sort", "#direction", "#show"].map((id) => one(id));
  const PAGE = 24;
  let [column, sign, most] = [0, 1, PAGE];

  const asked = (text) => {
    const range = text.match(/^\s*(-?[\d.e+-]+?)\s*\.\.\s*(-?[\d.e+-]+)\s*$/i);

    if (range) {
      return (found) => found >= Number(range[1]) && found <= Number(range[2]);
    }
    const bound = text.match(/^\s*(<=|>=|<|>|=)\s*(-?[\d.e+-]+)\s*$/i);

    if (bound) {
      const number = Number(bound[2]);
      const tests = {
        "<": (found) => found < number,
        "<=": (found) => found <= number,
        ">": (found) => found > number,
        ">=": (found) => found >= number,
        "=": (found) => found === number,
      };

      return (found) => typeof found === "number" && tests[bound[1]](found);
    }

    return null;
  };
  const passes = (row) =>
    filters.every((filter) => {
      const wanted = filter.value.trim();

      if (wanted === "") {
        return true;
      }
      const place = Number(filter.dataset.column);
      const text = row.cells[place].textContent.trim();

      if (filter.tagName === "SELECT") {
        return text === filter.value.trim();
      }
      const test = asked(wanted);

      return test ? test(value(row, place)) : text.toLowerCase().includes(wanted.toLowerCase());
    });
  const meant = (row) => {
    const kind = show ? show.value : "all";
    const doubted = row.classList.contains("doubted");

    return kind === "all" || (kind === "doubted" ? doubted : reached(row));
  };
  const reached = (row) => ["reached", "already"].includes(row.cells[4].textContent.trim());

  const arrange = () => {
    const ordered = sorted(lines, column, sign);
    const kept = new Map();

    for (const row of ordered) {
      row.hidden = !(passes(row) && meant(row));

      if (!row.hidden) {
        const methods = kept.get(row.dataset.row) ?? new Set();
        kept.set(row.dataset.row, methods.add(row.dataset.method));
      }
    }
    table.tBodies[0].append(...ordered);
    mark(headings, column, sign);

    if (!gallery) {
      return;
    }
    const order = [...kept.keys()];
    const rest = [...cards.keys()].filter((row) => !kept.has(row));
    gallery.append(...[...order, ...rest].map((row) => cards.get(row)));
    order.forEach((row, place) => {
      const card = cards.get(row);
      card.hidden = place >= most;

      for (const method of all(".method", card)) {
        method.hidden = !kept.get(row).has(method.dataset.method);
      }
      if (!card.hidden) {
        draw(card);
      }
    });
    rest.forEach((row) => {
      cards.get(row).hidden = true;
    });
    const seen = Math.min(most, order.length);
    one("#shown").textContent = `showing ${seen} of ${order.length} rows`;
    one(".more").hidden = seen === order.length;
    sort.value = String(column);
    direction.textContent = sign > 0 ? "ascending ↑" : "descending ↓";
    direction.setAttribute("aria-pressed", String(sign < 0));
  };
  const order = (place, way) => {
    [column, sign, most] = [place, way, PAGE];
    arrange();
  };
  const restart = () => {
    most = PAGE;
    arrange();
  };

  headings.forEach((heading, place) =>
    button(heading, () => order(place, place === column ? -sign : 1)),
  );
  filters.forEach((filter) => filter.addEventListener("input", restart));

  // A link to a row shows its card, whatever is filtered.
  const reveal = () => {
    const card = cards.get(location.hash.replace("#row-", ""));

    if (card) {
      card.hidden = false;
      all(".method", card).forEach((method) => {
        method.hidden = false;
      });
      draw(card);
      card.scrollIntoView();
    }
  };

  if (gallery) {
    sort.addEventListener("change", () => order(Number(sort.value), sign));
    direction.addEventListener("click", () => order(column, -sign));
    show.addEventListener("change", restart);
    one("#controls").addEventListener("submit", (event) => event.preventDefault());
    one("#reset").addEventListener("click", () => {
      filters.forEach((filter) => {
        filter.value = "";
      });
      show.value = "all";
      order(0, 1);
    });
    one("#more").addEventListener("click", () => {
      most += PAGE;
      arrange();
    });
    one("#every").addEventListener("click", () => {
      most = Infinity;
      arrange();
    });
    addEventListener("hashchange", reveal);
    all('a[href^="#row-"]').forEach((link) => link.addEventListener("click", () => setTimeout(reveal)));
  }
  arrange();
  reveal();
})();
