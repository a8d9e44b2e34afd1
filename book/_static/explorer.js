/* A map to explore: pan, zoom, point at a cell, and see its years. No library, no server asked.

   The numbers come from scripts in the folder `explorer` beside this one, which call
   soilrespExplorer.put(name, content); soilresp.explorer writes them. */
"use strict";

window.soilrespExplorer = (() => {
  const BASE = new URL(
    document.currentScript.src.includes("/_static/explorer/") ? "./" : "explorer/",
    document.currentScript.src
  );
  const N_LAT = 360, N_LON = 720, STEP = 0.5;
  const RAD = Math.PI / 180;

  /* ------------------------------------------------------------ data */

  const waiting = {}, arrived = {};

  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const planes = new Uint8Array(await new Response(stream).arrayBuffer());
    const n = planes.length / 2, out = new Int16Array(n);
    for (let i = 0; i < n; i++) {
      const folded = planes[i] << 8 | planes[n + i];
      out[i] = folded >> 1 ^ -(folded & 1);
    }
    return out;
  }

  function summed(steps, from = 0, to = steps.length) {
    const out = new Uint16Array(to - from);
    for (let i = from, sum = 0; i < to; i++) {
      sum = sum + steps[i] & 65535;
      out[i - from] = sum;
    }
    return out;
  }

  function put(name, content) {
    arrived[name] = typeof content === "string" ? unpack(content) : Promise.resolve(content);
    if (waiting[name]) waiting[name].resolve(arrived[name]);
  }

  function load(name) {
    if (arrived[name]) return arrived[name];
    if (!waiting[name]) {
      const entry = waiting[name] = {};
      entry.promise = new Promise((resolve, reject) => {
        entry.resolve = resolve;
        const script = document.createElement("script");
        script.src = new URL(name + ".js", BASE);
        script.onerror = () => {
          delete waiting[name];
          reject(new Error(`The file ${name}.js of the map could not be loaded.`));
        };
        document.head.append(script);
      });
    }
    return waiting[name].promise;
  }

  /* ------------------------------------------------------------ Equal Earth
     Savric, Patterson and Jenny (2018), doi:10.1080/13658816.2018.1504949, on a sphere whose
     central meridian is the middle of the view: x = f(lat) * (lon - lon0), y = Y(lat). */

  const A = [1.340264, -0.081106, 0.000893, 0.003796], M = Math.sqrt(3) / 2;

  function ofTheta(t) {
    const t2 = t * t, t6 = t2 * t2 * t2;
    return {
      y: t * (A[0] + A[1] * t2 + t6 * (A[2] + A[3] * t2)),
      dy: A[0] + 3 * A[1] * t2 + t6 * (7 * A[2] + 9 * A[3] * t2),
    };
  }

  function parallel(lat) {
    const t = Math.asin(M * Math.sin(lat * RAD)), { y, dy } = ofTheta(t);
    return { y, f: Math.cos(t) / (M * dy) * RAD };
  }

  function latitude(y) {
    let t = y;
    for (let k = 0; k < 12; k++) {
      const at = ofTheta(t), step = (at.y - y) / at.dy;
      t -= step;
      if (Math.abs(step) < 1e-12) break;
    }
    return Math.asin(Math.max(-1, Math.min(1, Math.sin(t) / M))) / RAD;
  }

  const TOP = parallel(90).y, EDGE = parallel(0).f * 180;
  // All vegetated land lies between.
  const NORTH = parallel(84.5).y, SOUTH = parallel(-58).y;
  const wrap = lon => ((lon + 180) % 360 + 360) % 360 - 180;

  /* ------------------------------------------------------------ words */

  const minus = text => text.replace("-", "−");
  const say = (value, digits) => minus(value.toFixed(digits));
  const latOf = row => 90 - STEP * (row + 0.5), lonOf = col => -180 + STEP * (col + 0.5);

  function place(row, col) {
    const lat = latOf(row), lon = lonOf(col);
    return `${Math.abs(lat).toFixed(2)}° ${lat < 0 ? "S" : "N"}, ` +
      `${Math.abs(lon).toFixed(2)}° ${lon < 0 ? "W" : "E"}`;
  }

  function element(tag, attributes = {}, ...children) {
    const svg = ["svg", "g", "path", "line", "text", "circle"].includes(tag);
    const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag)
      : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "on") for (const [event, act] of Object.entries(value))
        made.addEventListener(event, act);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value !== null) made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  /* ------------------------------------------------------------ the map */

  class Explorer {
    constructor(host, meta, cells, land) {
      this.host = host;
      this.meta = meta;
      // The number of each cell with data; -1: land without, -2: water.
      this.index = new Int32Array(N_LAT * N_LON);
      const bit = (bytes, i) => bytes[i >> 3] >> 7 - (i & 7) & 1;
      for (let i = 0, n = 0; i < N_LAT * N_LON; i++)
        this.index[i] = bit(cells, i) ? n++ : bit(land, i) ? -1 : -2;
      this.fields = {};
      this.lon0 = 0;
      this.y0 = (NORTH + SOUTH) / 2;
      this.zoom = 1;
      this.layer = meta.layers[0];
      this.veil = false;
      this.cursor = null;
      this.cell = null;
      this.mode = "values";
      this.build();
      this.readHash();
      this.ready = this.start();
    }

    async start() {
      await this.show(this.layer.name, false);
      this.coasts = [await this.coast("coast_far")];
      this.draw();
      [this.stratum, this.vegetated] = await Promise.all(
        ["stratum", "vegetated"].map(name => load(name).then(steps => summed(steps))));
      this.tell();
      if (this.cell) await this.select(this.cell, false);
      this.coasts.push(await this.coast("coast_near"));
      this.draw();
    }

    /* ---------- page */

    build() {
      const meta = this.meta, groups = new Map();
      for (const layer of meta.layers) {
        if (!groups.has(layer.group)) groups.set(layer.group, []);
        groups.get(layer.group).push(layer);
      }
      const choices = [...groups].map(([name, layers]) => element(
        "fieldset", {}, element("legend", {}, name),
        ...layers.map(layer => element(
          "label", {},
          element("input", {
            type: "radio", name: "explorer-layer", value: layer.name,
            checked: layer === this.layer, on: { change: () => this.show(layer.name) },
          }),
          element("span", {}, layer.button)))));
      this.canvas = element("canvas", { "aria-hidden": "true" });
      const button = (label, sign, act) => element(
        "button", { type: "button", "aria-label": label, title: label, on: { click: act } }, sign);
      this.readout = element("div", { class: "explorer-readout" });
      this.live = element(
        "div", { class: "explorer-hidden", "aria-live": "polite", role: "status" });
      this.frame = element(
        "div", {
          class: "explorer-frame", tabindex: "0", role: "application",
          "aria-roledescription": "map", "aria-label": "World map of half-degree cells",
          "aria-describedby": "explorer-keys",
        }, this.canvas);
      this.legend = element("div", { class: "explorer-legend" });
      this.veilBox = element("input", {
        type: "checkbox", on: {
          change: () => { this.veil = this.veilBox.checked; this.recolour(); this.writeHash(); },
        },
      });
      this.hasInside = meta.layers.some(layer => layer.name === "inside");
      this.panel = element("section", { class: "explorer-cell", "aria-label": "Selected cell" });
      this.panel.append(element("p", { class: "explorer-hint" },
        meta.years.length ? "Choose a cell of land to see its years." :
          "Choose a cell of land to see its numbers. This run has no maps by year."));
      const label = meta.label ? [element("p", { class: "explorer-label" }, meta.label)] : [];
      this.host.replaceChildren(
        ...label,
        element("div", { class: "explorer-choices" }, ...choices),
        element(
          "div", { class: "explorer-map" }, this.frame,
          element(
            "div", { class: "explorer-buttons" },
            button("Zoom in", "+", () => this.zoomBy(1.6)),
            button("Zoom out", "−", () => this.zoomBy(1 / 1.6)),
            button("Whole world", "⤢", () => this.whole()))),
        this.legend, this.readout, this.live,
        ...(this.hasInside ? [element("label", { class: "explorer-veil" }, this.veilBox,
          " Veil cells outside the area of applicability")] : []),
        element(
          "p", { class: "explorer-keys", id: "explorer-keys" },
          "Drag or pinch to move, wheel or + and − to zoom, click a cell for its years. " +
          "Keyboard: arrow keys move a cursor from cell to cell (with Shift ten cells), Enter " +
          "chooses the cell, 0 shows the whole world, Escape lets go."),
        this.panel);
      this.listen();
      new ResizeObserver(() => this.resize()).observe(this.frame);
      new MutationObserver(() => this.restyle()).observe(
        document.documentElement, { attributeFilter: ["data-theme"] });
      this.restyle();
      this.resize();
    }

    restyle() {
      const style = getComputedStyle(this.host);
      const of = name => style.getPropertyValue("--explorer-" + name).trim();
      this.paint = Object.fromEntries(
        ["sea", "land", "coast", "grid", "mark", "halo"].map(name => [name, of(name)]));
      this.recolour();
      if (this.cell && this.years !== undefined) this.drawChart();
    }

    resize() {
      const width = this.frame.clientWidth;
      if (!width) return;
      const room = document.body.classList.contains("explorer-alone") ?
        window.innerHeight - 340 : 1e4;
      const height = Math.round(Math.max(240, Math.min(0.435 * width, room)));
      const ratio = Math.min(window.devicePixelRatio || 1, 2);
      this.ratio = ratio;
      this.width = width;
      this.height = height;
      this.canvas.style.height = height + "px";
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.base = Math.min(width / (2 * EDGE * 1.012), height / (NORTH - SOUTH));
      this.image = null;
      this.settle();
      this.draw();
      if (this.cell && this.years !== undefined) this.drawChart();
    }

    /* ---------- geometry: pixels are those of CSS, from the corner of the map */

    get scale() { return this.base * this.zoom; }

    project(lat, lon) {
      const { y, f } = parallel(lat);
      return [this.width / 2 + this.scale * f * wrap(lon - this.lon0),
              this.height / 2 - this.scale * (y - this.y0)];
    }

    unproject(x, y) {
      const up = this.y0 + (this.height / 2 - y) / this.scale;
      if (Math.abs(up) > TOP) return null;
      const lat = latitude(up), off = (x - this.width / 2) / (this.scale * parallel(lat).f);
      return Math.abs(off) > 180 ? null : [lat, wrap(this.lon0 + off)];
    }

    cellAt(x, y) {
      const point = this.unproject(x, y);
      if (!point) return null;
      return [Math.min(N_LAT - 1, Math.floor((90 - point[0]) / STEP)),
              Math.floor((point[1] + 180) / STEP) % N_LON];
    }

    settle() {
      this.zoom = Math.max(1, Math.min(48, this.zoom));
      this.lon0 = wrap(this.lon0);
      // The view does not leave the globe.
      const spare = TOP - this.height / 2 / this.scale;
      this.y0 = spare > 0 ? Math.max(-spare, Math.min(spare, this.y0)) : 0;
    }

    /* Move so that a point of the globe is at a pixel. */
    pin(lat, lon, x, y) {
      const at = parallel(lat);
      this.y0 = at.y - (this.height / 2 - y) / this.scale;
      this.lon0 = lon - (x - this.width / 2) / (this.scale * at.f);
      this.settle();
    }

    zoomBy(factor, x = this.width / 2, y = this.height / 2) {
      const point = this.unproject(x, y);
      this.zoom = Math.max(1, Math.min(48, this.zoom * factor));
      if (point) this.pin(...point, x, y); else this.settle();
      this.changed();
    }

    whole() {
      this.zoom = 1;
      this.lon0 = 0;
      this.y0 = (NORTH + SOUTH) / 2;
      this.settle();
      this.changed();
    }

    changed() {
      this.draw();
      this.writeHash();
    }

    /* ---------- fields */

    async field(name) {
      if (this.fields[name]) return this.fields[name];
      const meta = this.meta;
      let values;
      if (name === "AR") {
        const [sr, hr] = await Promise.all([this.field("SR"), this.field("HR")]);
        values = sr.map((v, i) => v - hr[i]);
      } else if (name === "inside") {
        const [sr, hr] = await Promise.all(["SR_inside", "HR_inside"].map(n => this.field(n)));
        values = sr.map((v, i) => 2 * (1 - v) + (1 - hr[i]));
      } else {
        const coded = summed(await load(name)), step = meta.steps[name] || 1;
        values = Float64Array.from(coded, v => v === meta.missing ? NaN : v * step);
      }
      return this.fields[name] = values;
    }

    /* What a layer shows of a field: the dissimilarity in units of its threshold. */
    shown(layer, value) {
      return layer.name.endsWith("_di") ?
        value / this.meta.threshold[layer.name.slice(0, 2)] : value;
    }

    async show(name, told = true) {
      const layer = this.meta.layers.find(one => one.name === name);
      if (!layer) return;
      this.wanted = layer;
      const radio = this.host.querySelector(`input[value="${name}"]`);
      if (radio) radio.checked = true;
      const values = await this.field(name);
      if (this.hasInside) await this.field("inside");
      if (this.wanted !== layer) return;
      // Together: values are never told in the words of another layer.
      this.layer = layer;
      this.values = values;
      this.drawLegend();
      this.recolour();
      this.tell();
      if (told) this.writeHash();
    }

    classOf(layer, value) {
      if (layer.classes) return value;
      const levels = layer.levels;
      let k = 0;
      while (k < levels.length && value >= levels[k]) k++;
      return k;
    }

    recolour() {
      if (!this.values || !this.paint) return;
      const packed = hex => {
        const v = parseInt(hex.slice(1), 16);
        return (255 << 24 | (v & 255) << 16 | (v & 65280) | v >> 16) >>> 0;
      };
      const faded = (hex, other) => {
        const mix = [1, 3, 5].map(k => Math.round(
          0.25 * parseInt(hex.slice(k, k + 2), 16) + 0.75 * parseInt(other.slice(k, k + 2), 16)));
        return "#" + mix.map(v => v.toString(16).padStart(2, "0")).join("");
      };
      const layer = this.layer, paint = this.paint;
      const full = layer.colours.map(packed);
      const pale = layer.colours.map(c => packed(faded(c, paint.land)));
      const sea = packed(paint.sea), land = packed(paint.land);
      const inside = this.veil && layer.name !== "inside" ? this.fields.inside : null;
      const which = layer.name.startsWith("HR") ? 1 : layer.name.startsWith("SR") ? 2 : 3;
      const out = this.pixels || (this.pixels = new Uint32Array(N_LAT * N_LON));
      for (let i = 0; i < out.length; i++) {
        const cell = this.index[i];
        if (cell < 0) { out[i] = cell === -1 ? land : sea; continue; }
        const value = this.shown(layer, this.values[cell]);
        out[i] = Number.isNaN(value) ? land :
          (inside && inside[cell] & which ? pale : full)[this.classOf(layer, value)];
      }
      this.draw();
    }

    async coast(name) {
      const all = await load(name), n = all[0] & 65535, lines = [];
      const lengths = Array.from(all.subarray(1, 1 + n), v => v & 65535);
      const total = lengths.reduce((a, b) => a + b, 0);
      let x = 0, y = 0, at = 1 + n;
      for (const length of lengths) {
        const line = {
          n: length, lon: new Float32Array(length), y: new Float32Array(length),
          f: new Float32Array(length), south: 90, north: -90, west: 180, east: -180,
        };
        for (let k = 0; k < length; k++, at++) {
          // Two's complement brings a step of more than half the range back.
          x = x + all[at] << 16 >> 16;
          y = y + all[at + total] << 16 >> 16;
          const lon = x / 100, lat = y / 100, p = parallel(lat);
          line.lon[k] = lon; line.y[k] = p.y; line.f[k] = p.f;
          line.south = Math.min(line.south, p.y); line.north = Math.max(line.north, p.y);
          line.west = Math.min(line.west, lon); line.east = Math.max(line.east, lon);
        }
        lines.push(line);
      }
      return lines;
    }

    /* ---------- drawing */

    draw() {
      if (this.pending) return;
      this.pending = requestAnimationFrame(() => {
        this.pending = 0;
        this.drawNow();
      });
    }

    drawNow() {
      if (!this.pixels || !this.width) return;
      const context = this.canvas.getContext("2d"), w = this.canvas.width, h = this.canvas.height;
      this.image = this.image || context.createImageData(w, h);
      const out = new Uint32Array(this.image.data.buffer), k = this.scale * this.ratio;
      out.fill(0);
      for (let j = 0; j < h; j++) {
        const y = this.y0 + (h / 2 - j - 0.5) / k;
        if (Math.abs(y) >= TOP) continue;
        const lat = latitude(y), perPixel = 1 / (k * parallel(lat).f);
        const row = Math.min(N_LAT - 1, Math.floor((90 - lat) / STEP)) * N_LON;
        const reach = 180 / perPixel;
        const first = Math.max(0, Math.ceil(w / 2 - reach - 0.5));
        const last = Math.min(w - 1, Math.floor(w / 2 + reach - 0.5));
        let col = (wrap(this.lon0 + (first + 0.5 - w / 2) * perPixel) + 180) / STEP;
        const step = perPixel / STEP;
        for (let i = first + j * w; i <= last + j * w; i++) {
          if (col >= N_LON) col -= N_LON;
          out[i] = this.pixels[row + (col | 0)];
          col += step;
        }
      }
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.putImageData(this.image, 0, 0);
      context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      this.drawLines(context);
      this.mark(context, this.cursor, true);
      this.mark(context, this.cell, false);
    }

    drawLines(context) {
      const cx = this.width / 2, cy = this.height / 2, k = this.scale;
      context.lineJoin = "round";
      context.strokeStyle = this.paint.grid;
      context.lineWidth = 0.6;
      context.beginPath();
      const every = this.zoom < 4 ? 30 : this.zoom < 14 ? 10 : 5;
      for (let lat = -90 + every; lat < 90; lat += every) {
        const { y, f } = parallel(lat), up = cy - k * (y - this.y0);
        context.moveTo(cx - k * f * 180, up);
        context.lineTo(cx + k * f * 180, up);
      }
      for (let lon = -180; lon < 180; lon += every) {
        const off = wrap(lon - this.lon0);
        for (let lat = -90; lat <= 90; lat += 5) {
          const { y, f } = parallel(lat);
          context[lat > -90 ? "lineTo" : "moveTo"](cx + k * f * off, cy - k * (y - this.y0));
        }
      }
      context.stroke();
      context.beginPath();
      for (const side of [-180, 180])
        for (let lat = -90; lat <= 90; lat += 2) {
          const { y, f } = parallel(lat);
          context[lat > -90 ? "lineTo" : "moveTo"](cx + k * f * side, cy - k * (y - this.y0));
        }
      for (const lat of [-90, 90]) {
        const { y, f } = parallel(lat);
        context.moveTo(cx - k * f * 180, cy - k * (y - this.y0));
        context.lineTo(cx + k * f * 180, cy - k * (y - this.y0));
      }
      context.strokeStyle = this.paint.coast;
      context.stroke();
      const lines = this.coasts && this.coasts[this.zoom > 2.5 && this.coasts[1] ? 1 : 0];
      if (!lines) return;
      const south = this.y0 - cy / k, north = this.y0 + cy / k;
      context.beginPath();
      for (const line of lines) {
        if (line.north < south || line.south > north) continue;
        if (line.east - line.west < 90) {
          const a = wrap(line.west - this.lon0), b = wrap(line.east - this.lon0);
          const reach = cx / (k * Math.min(line.f[0], line.f[line.n - 1], line.f[line.n >> 1])) + 5;
          if (a <= b && (a > reach || b < -reach)) continue;
        }
        let before = 0;
        for (let i = 0; i < line.n; i++) {
          const off = wrap(line.lon[i] - this.lon0);
          const jump = i === 0 || Math.abs(off - before) > 180;
          context[jump ? "moveTo" : "lineTo"](
            cx + k * line.f[i] * off, cy - k * (line.y[i] - this.y0));
          before = off;
        }
      }
      context.lineWidth = this.zoom > 2.5 ? 0.9 : 0.7;
      context.stroke();
    }

    mark(context, cell, dashed) {
      if (!cell) return;
      const [row, col] = cell, north = 90 - STEP * row, west = -180 + STEP * col;
      const corners = [[north, 0], [north, STEP], [north - STEP, STEP], [north - STEP, 0]];
      const middle = this.project(north - STEP / 2, west + STEP / 2);
      const half = Math.max(4.5, 0.5 * STEP * parallel(north - STEP / 2).f * this.scale);
      const path = new Path2D();
      if (half <= 4.5) {
        path.rect(middle[0] - half, middle[1] - half, 2 * half, 2 * half);
      } else {
        corners.forEach(([lat, east], i) => {
          const [x, y] = this.project(lat, west + 0.001 + east * 0.998);
          path[i ? "lineTo" : "moveTo"](x, y);
        });
        path.closePath();
      }
      context.strokeStyle = this.paint.halo;
      context.lineWidth = 4;
      context.stroke(path);
      context.strokeStyle = this.paint.mark;
      context.lineWidth = 2;
      context.setLineDash(dashed ? [3, 2] : []);
      context.stroke(path);
      context.setLineDash([]);
    }

    drawLegend() {
      const layer = this.layer;
      const title = element("div", { class: "explorer-legend-title" },
        layer.words + (layer.units && layer.units !== "–" ? ` (${layer.units})` : ""));
      const bare = element("li", {}, element("i", { class: "bare" }), "no vegetation, or no data");
      if (layer.classes) {
        this.arrow = null;
        this.legend.replaceChildren(title, element(
          "ul", {}, ...layer.classes.map((words, k) => element(
            "li", {}, element("i", { style: `background:${layer.colours[k]}` }), words)), bare));
        return;
      }
      const n = layer.levels.length;
      const under = layer.colours[0] !== layer.colours[1];
      const over = layer.colours[n] !== layer.colours[n - 1];
      const shown = layer.colours.slice(under ? 0 : 1, over ? n + 1 : n);
      const first = under ? 0 : 1;
      const steps = shown.map(c => element("i", { style: `background:${c}` }));
      const ticks = layer.levels.map((v, k) => element(
        "span", { style: `left:${100 * (k + 1 - first) / shown.length}%` }, String(v)));
      this.arrow = element("b", { hidden: true });
      this.legend.replaceChildren(
        title,
        element("div", { class: "explorer-bar" },
          element("div", { class: "explorer-steps" }, ...steps), this.arrow),
        element("div", { class: "explorer-ticks" }, ...ticks),
        element("ul", {}, bare));
      this.legendFirst = first;
      this.legendSteps = shown.length;
    }

    /* ---------- what is under the pointer */

    cellIndex(cell) { return cell ? this.index[cell[0] * N_LON + cell[1]] : -1; }

    valueWords(layer, n) {
      const value = this.values ? this.values[n] : NaN;
      if (Number.isNaN(value)) return "no data";
      if (layer.classes) return layer.classes[value];
      const ratio = this.shown(layer, value);
      if (layer.name.endsWith("_di"))
        return `${layer.name.slice(0, 2)}: ${say(ratio, 2)} × threshold, ` +
          (ratio <= 1 ? "inside" : "outside") + ` (index ${say(value, 3)})`;
      const name = layer.name.endsWith("_cv") ? `CV of ${layer.name.slice(0, 2)}` : layer.name;
      return `${name} ${say(value, layer.digits)} ${layer.units}`;
    }

    words(cell) {
      const n = this.cellIndex(cell);
      if (n < 0) return ["no data", place(...cell)];
      const also = this.stratum ?
        `; ${this.meta.strata[this.stratum[n]]}, ${this.vegetated[n]} % vegetated` : "";
      return [this.valueWords(this.layer, n), place(...cell) + also];
    }

    tell(cell = this.pointed || this.cursor || this.cell, aloud = false) {
      if (!cell) {
        this.readout.replaceChildren(element("span", {}, "Point at a cell to read its value."));
        return;
      }
      const [value, where] = this.words(cell);
      this.readout.replaceChildren(element("strong", {}, value), element("span", {}, where));
      if (aloud) this.live.textContent = `${value}. ${where}`;
      const n = this.cellIndex(cell);
      if (this.arrow) {
        const shown = n < 0 || this.layer.classes ? NaN : this.shown(this.layer, this.values[n]);
        this.arrow.hidden = Number.isNaN(shown);
        if (!this.arrow.hidden) {
          const k = this.classOf(this.layer, shown), levels = this.layer.levels;
          const part = k === 0 || k === levels.length ? 0.5 :
            (shown - levels[k - 1]) / (levels[k] - levels[k - 1]);
          const at = Math.max(0, Math.min(1, (k - this.legendFirst + part) / this.legendSteps));
          this.arrow.style.left = 100 * at + "%";
        }
      }
    }

    listen() {
      const frame = this.frame, pointers = new Map();
      let moved = 0, pinned = null, spread = 0;
      const at = event => {
        const box = this.canvas.getBoundingClientRect();
        return [event.clientX - box.left, event.clientY - box.top];
      };
      const grasp = () => {
        const all = [...pointers.values()];
        const x = all.reduce((a, p) => a + p[0], 0) / all.length;
        const y = all.reduce((a, p) => a + p[1], 0) / all.length;
        spread = all.length > 1 ? Math.hypot(all[0][0] - all[1][0], all[0][1] - all[1][1]) : 0;
        pinned = this.unproject(x, y);
      };
      frame.addEventListener("pointerdown", event => {
        if (event.button) return;
        frame.setPointerCapture(event.pointerId);
        pointers.set(event.pointerId, at(event));
        if (pointers.size === 1) moved = 0;
        grasp();
      });
      frame.addEventListener("pointermove", event => {
        const point = at(event);
        if (!pointers.has(event.pointerId)) {
          this.pointed = this.cellAt(...point);
          this.tell();
          return;
        }
        const before = pointers.get(event.pointerId);
        moved += Math.hypot(point[0] - before[0], point[1] - before[1]);
        pointers.set(event.pointerId, point);
        if (moved < 4) return;
        const all = [...pointers.values()];
        const x = all.reduce((a, p) => a + p[0], 0) / all.length;
        const y = all.reduce((a, p) => a + p[1], 0) / all.length;
        if (all.length > 1 && spread > 0) {
          const now = Math.hypot(all[0][0] - all[1][0], all[0][1] - all[1][1]);
          this.zoom = Math.max(1, Math.min(48, this.zoom * now / spread));
          spread = now;
        }
        if (pinned) this.pin(...pinned, x, y);
        this.draw();
      });
      const end = event => {
        if (!pointers.delete(event.pointerId)) return;
        if (pointers.size) { grasp(); return; }
        if (moved < 4 && event.type === "pointerup") {
          const cell = this.cellAt(...at(event));
          if (cell) this.select(cell);
        } else this.writeHash();
      };
      frame.addEventListener("pointerup", end);
      frame.addEventListener("pointercancel", end);
      frame.addEventListener("pointerleave", () => { this.pointed = null; this.tell(); });
      frame.addEventListener("wheel", event => {
        // Zoomed out all the way, the wheel moves the page on.
        if (event.deltaY > 0 && this.zoom <= 1) return;
        event.preventDefault();
        const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
        this.zoomBy(Math.exp(-0.0016 * unit * event.deltaY), ...at(event));
      }, { passive: false });
      frame.addEventListener("keydown", event => this.key(event));
      frame.addEventListener("blur", () => { this.cursor = null; this.draw(); });
      window.addEventListener("hashchange", () => {
        if (this.readHash()) this.show(this.layer.name, false).then(
          () => this.cell && this.select(this.cell, false));
      });
    }

    key(event) {
      const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (moves[event.key]) {
        const by = event.shiftKey ? 10 : 1, [down, right] = moves[event.key];
        const from = this.cursor || this.cell;
        if (from) this.cursor = [
          Math.max(0, Math.min(N_LAT - 1, from[0] + by * down)),
          ((from[1] + by * right) % N_LON + N_LON) % N_LON,
        ];
        else this.cursor = this.cellAt(this.width / 2, this.height / 2);
        this.pointed = null;
        this.inView(this.cursor);
        this.tell(this.cursor, true);
        this.draw();
      } else if (event.key === "Enter" || event.key === " ") {
        if (this.cursor) this.select(this.cursor);
      } else if (event.key === "+" || event.key === "=" || event.key === "-") {
        const around = this.cursor && this.project(latOf(this.cursor[0]), lonOf(this.cursor[1]));
        this.zoomBy(event.key === "-" ? 1 / 1.6 : 1.6, ...(around || []));
      } else if (event.key === "0") this.whole();
      else if (event.key === "Escape") {
        this.cursor = null;
        this.letGo();
      } else return;
      event.preventDefault();
    }

    inView(cell) {
      const lat = latOf(cell[0]), lon = lonOf(cell[1]), [x, y] = this.project(lat, lon), edge = 30;
      const bx = Math.max(edge, Math.min(this.width - edge, x));
      const by = Math.max(edge, Math.min(this.height - edge, y));
      if (bx !== x || by !== y) this.pin(lat, lon, bx, by);
    }

    /* ---------- the chosen cell */

    letGo() {
      this.cell = null;
      this.years = undefined;
      this.panel.replaceChildren(element("p", { class: "explorer-hint" },
        "Choose a cell of land to see its years."));
      this.changed();
    }

    async series(row, col) {
      const meta = this.meta, size = meta.block;
      if (!meta.years.length) return null;
      const wide = N_LON / size, top = Math.floor(row / size), left = Math.floor(col / size);
      const coded = await load(`series_${top * wide + left}`), nYears = meta.years.length;
      let n = 0, own = -1;
      for (let r = top * size; r < (top + 1) * size; r++)
        for (let c = left * size; c < (left + 1) * size; c++)
          if (this.index[r * N_LON + c] >= 0) {
            if (r === row && c === col) own = n;
            n++;
          }
      const out = {};
      ["SR", "HR"].forEach((flux, k) => {
        const start = k * n * (1 + nYears), mean = summed(coded, start, start + n)[own];
        if (mean === meta.missing) return;
        out[flux] = meta.years.map(
          (_, t) => meta.seriesStep * (mean + coded[start + n + t * n + own]));
      });
      if (!out.SR || !out.HR) return null;
      out.AR = out.SR.map((v, t) => v - out.HR[t]);
      return out;
    }

    async select(cell, told = true) {
      const n = this.cellIndex(cell);
      this.cell = cell;
      this.years = undefined;
      if (told) this.changed(); else this.draw();
      this.tell(cell, told);
      if (n < 0) {
        this.panel.replaceChildren(
          element("h2", {}, place(...cell)),
          element("p", { class: "explorer-hint" },
            "No data: no vegetation, or a predictor is missing here."));
        return;
      }
      try {
        const fluxes = ["SR", "HR", "AR"], numbers = {};
        const wanted = fluxes.flatMap(f => [f, `${f}_sd`, `${f}_cv`]).concat(["SR_di", "HR_di"])
          .filter(name => name === "AR" || name in this.meta.steps);
        const [years] = await Promise.all([
          this.series(...cell),
          ...wanted.map(async name => { numbers[name] = (await this.field(name))[n]; }),
        ]);
        if (this.cell !== cell) return;
        this.years = years;
        this.numbers = numbers;
        this.fillPanel(cell, n);
      } catch (error) {
        this.panel.replaceChildren(element("p", { role: "alert" }, error.message));
      }
    }

    fillPanel(cell, n) {
      const meta = this.meta, numbers = this.numbers, years = meta.years;
      const cells = [place(...cell)];
      if (this.stratum) cells.push(
        `${meta.strata[this.stratum[n]]}, ${this.vegetated[n]} % of the cell vegetated`);
      const show = (name, digits) =>
        name in numbers && !Number.isNaN(numbers[name]) ? say(numbers[name], digits) : "–";
      const where = f => {
        if (!(`${f}_di` in numbers)) return "";
        const ratio = numbers[`${f}_di`] / meta.threshold[f];
        return `${ratio <= 1 ? "inside" : "outside"} (${say(ratio, 2)})`;
      };
      const summary = element(
        "table", { class: "explorer-summary" },
        element("caption", {}, "Mean of the years, and how widely records scatter under the " +
          "conditions of the cell"),
        element("thead", {}, element("tr", {}, ...[
          "Flux", `Mean (${meta.units})`, `SD (${meta.units})`, "CV (%)",
          "Applicability (dissimilarity / threshold)",
        ].map(words => element("th", { scope: "col" }, words)))),
        element("tbody", {}, ...Object.keys(meta.fluxNames).map(f => element(
          "tr", {}, element("th", { scope: "row" },
            element("i", { style: `background:${meta.fluxColours[f]}` }), f),
          ...[show(f, 0), show(`${f}_sd`, 0), show(`${f}_cv`, 1), where(f)].map(
            value => element("td", {}, value))))));
      this.chart = element("div", { class: "explorer-chart" });
      const content = [
        element("h2", {}, cells[0]), element("p", { class: "explorer-where" }, cells[1] || ""),
        element("div", { class: "explorer-scroll", tabindex: "0", role: "region",
          "aria-label": "Numbers of the cell" }, summary)];
      if (this.years) {
        const modes = [["values", "Values"], ["departures", "Departures from the mean"]];
        content.push(
          element("fieldset", { class: "explorer-modes" },
            element("legend", {}, "Years"),
            ...modes.map(([value, words]) => element(
              "label", {}, element("input", {
                type: "radio", name: "explorer-mode", value, checked: value === this.mode,
                on: { change: () => { this.mode = value; this.drawChart(); this.writeHash(); } },
              }), element("span", {}, words)))),
          this.chart,
          this.note = element("p", { class: "explorer-note" }),
          element("button", { type: "button", class: "explorer-download",
            on: { click: () => this.download() } }, "Download the years of this cell (CSV)"),
          element("details", {}, element("summary", {}, "The years as a table"),
            element("div", { class: "explorer-scroll", tabindex: "0", role: "region",
              "aria-label": "Table of the years" },
            element("table", { class: "explorer-years" },
              element("caption", {}, `${cells[0]}, ${meta.units} of vegetated area`),
              element("thead", {}, element("tr", {}, ...["Year", "SR", "HR", "AR"].map(
                words => element("th", { scope: "col" }, words)))),
              element("tbody", {}, ...years.map((year, t) => element(
                "tr", {}, element("th", { scope: "row" }, String(year)),
                ...["SR", "HR", "AR"].map(f => element("td", {}, say(this.years[f][t], 0))))))))));
      }
      this.panel.replaceChildren(...content);
      if (this.years) this.drawChart();
    }

    drawChart() {
      if (!this.years || !this.chart) return;
      const { years, units, fluxColours } = this.meta, fluxes = ["SR", "HR", "AR"];
      const width = Math.max(280, this.chart.clientWidth || 600), height = width < 500 ? 230 : 270;
      const away = this.mode === "departures";
      const mean = f => this.years[f].reduce((a, b) => a + b, 0) / years.length;
      const lines = Object.fromEntries(fluxes.map(
        f => [f, away ? this.years[f].map(v => v - mean(f)) : this.years[f]]));
      const bars = {};
      for (const f of fluxes) {
        const middle = this.numbers[f], sd = this.numbers[`${f}_sd`];
        if (!away && sd > 0) bars[f] = [middle - sd, middle, middle + sd];
      }
      const all = [...Object.values(lines).flat(), ...Object.values(bars).flat(), 0];
      const left = 52, right = width - 74, top = 26, bottom = height - 26;
      const ticks = niceTicks(Math.min(...all), Math.max(...all), 5);
      const low = ticks[0], high = ticks[ticks.length - 1];
      const x = t => left + (right - left) * (years.length > 1 ? t / (years.length - 1) : 0.5);
      const y = v => bottom - (bottom - top) * (v - low) / (high - low);
      const text = (words, at, up, more = {}) => element(
        "text", { x: at, y: up, ...more }, words);
      const parts = ticks.flatMap(v => [
        element("line", { x1: left, x2: right + 8, y1: y(v), y2: y(v),
          class: v === 0 ? "zero" : "grid" }),
        text(minus(String(v)), left - 7, y(v) + 4, { "text-anchor": "end" }),
      ]);
      const every = width < 500 ? 10 : 5;
      years.forEach((year, t) => {
        if (year % every === 0)
          parts.push(text(String(year), x(t), bottom + 18, { "text-anchor": "middle" }));
      });
      parts.push(text(away ? `Departure (${units})` : `Flux (${units})`, 2, 13));
      const ends = fluxes.map(f => ({ f, at: y(lines[f][years.length - 1]) }))
        .sort((a, b) => a.at - b.at);
      // Labels of lines that end close together move apart.
      for (let pass = 0; pass < 8; pass++)
        for (let k = 1; k < ends.length; k++) {
          const lack = 14 - (ends[k].at - ends[k - 1].at);
          if (lack > 0) { ends[k].at += lack / 2; ends[k - 1].at -= lack / 2; }
        }
      fluxes.forEach((f, k) => {
        const colour = fluxColours[f], path = lines[f].map(
          (v, t) => `${t ? "L" : "M"}${x(t).toFixed(1)} ${y(v).toFixed(1)}`).join("");
        parts.push(element("path", { d: path, fill: "none", stroke: colour, "stroke-width": 2 }));
        if (years.length < 60) for (const [t, v] of lines[f].entries()) parts.push(
          element("circle", { cx: x(t).toFixed(1), cy: y(v).toFixed(1), r: 2, fill: colour }));
        if (bars[f]) {
          const at = width - 38 + 13 * k, [from, middle, to] = bars[f].map(y);
          const cap = up => element("line", { x1: at - 3, x2: at + 3, y1: up, y2: up,
            stroke: colour, "stroke-width": 1.5 });
          parts.push(
            element("line", { x1: at, x2: at, y1: from, y2: to, stroke: colour,
              "stroke-width": 1.5 }), cap(from), cap(to),
            element("circle", { cx: at, cy: middle, r: 3, fill: colour }));
        }
        parts.push(text(f, right + 11, ends.find(e => e.f === f).at + 4,
          { fill: colour, class: "name" }));
      });
      this.note.textContent = `Annual values are rounded to ${this.meta.seriesStep} ${units}.` +
        (away ? "" : " Bars at the right: the mean ± the standard deviation of records under " +
          "the conditions of the cell, which is not the error of a year.");
      const said = fluxes.map(f => `${f} ${say(Math.min(...this.years[f]), 0)} to ` +
        `${say(Math.max(...this.years[f]), 0)}`).join(", ");
      this.chart.replaceChildren(element("svg", {
        viewBox: `0 0 ${width} ${height}`, width: "100%", height, role: "img",
        "aria-label": `Years ${years[0]} to ${years[years.length - 1]}, ${units}: ${said}. ` +
          "The numbers are in the table below.",
      }, ...parts));
    }

    download() {
      const meta = this.meta, [row, col] = this.cell;
      const sd = ["SR", "HR", "AR"].filter(f => this.numbers[`${f}_sd`] > 0)
        .map(f => `${f} ${this.numbers[f + "_sd"]}`).join(" ");
      const lines = [
        `# ${meta.title}. ${meta.label}`.trim(),
        `# ${meta.source}`,
        `# Cell: lat ${latOf(row)} lon ${lonOf(col)} (centre half-degree cell)`,
        `# Units: g C m-2 yr-1 of vegetated area rounded to ${meta.seriesStep}; AR = SR - HR`,
        `# SD of records under the conditions of the cell: ${sd}`,
        `# ${meta.citation}`,
        "year,SR,HR,AR",
        ...meta.years.map((year, t) =>
          [year, ...["SR", "HR", "AR"].map(f => this.years[f][t])].join(",")),
      ];
      const link = element("a", {
        href: URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" })),
        download: `soilresp_lat${latOf(row)}_lon${lonOf(col)}.csv`,
      });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    }

    /* ---------- the state in the address */

    writeHash() {
      const lat = latitude(this.y0);
      const parts = [`map=${this.layer.name}/${this.zoom.toFixed(2)}/${lat.toFixed(2)}/` +
        this.lon0.toFixed(2)];
      if (this.cell) parts.push(`cell=${latOf(this.cell[0])},${lonOf(this.cell[1])}`);
      if (this.veil) parts.push("veil=1");
      if (this.mode !== "values") parts.push("years=departures");
      history.replaceState(null, "", "#" + parts.join("&"));
    }

    readHash() {
      if (!location.hash.startsWith("#map=")) return false;
      const given = new URLSearchParams(location.hash.slice(1));
      const [name, ...view] = given.get("map").split("/");
      const [zoom, lat, lon] = view.map(Number);
      const layer = this.meta.layers.find(one => one.name === name);
      if (layer) this.layer = layer;
      if ([zoom, lat, lon].every(Number.isFinite)) {
        this.zoom = zoom;
        this.y0 = parallel(Math.max(-90, Math.min(90, lat))).y;
        this.lon0 = lon;
      }
      this.veil = this.veilBox.checked = given.get("veil") === "1";
      this.mode = given.get("years") === "departures" ? "departures" : "values";
      const cell = (given.get("cell") || "").split(",").map(Number);
      this.cell = cell.length === 2 && cell.every(Number.isFinite) &&
        Math.abs(cell[0]) < 90 && Math.abs(cell[1]) < 180 ?
        [Math.floor((90 - cell[0]) / STEP), Math.floor((cell[1] + 180) / STEP)] : null;
      this.settle();
      return true;
    }
  }

  function niceTicks(low, high, n) {
    if (high - low < 1e-9) high = low + 1;
    const rough = (high - low) / n, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 2.5, 5, 10].find(m => m * power >= rough);
    const out = [];
    for (let k = Math.floor(low / step); k <= Math.ceil(high / step); k++)
      out.push(+(k * step).toPrecision(12));
    return out;
  }

  async function begin() {
    const host = document.querySelector(".soil-explorer");
    if (!host) return;
    if (document.body.classList.contains("explorer-alone")) {
      const dark = matchMedia("(prefers-color-scheme: dark)");
      const follow = () => {
        document.documentElement.dataset.theme = dark.matches ? "dark" : "light";
      };
      dark.addEventListener("change", follow);
      follow();
    }
    try {
      if (!window.DecompressionStream)
        throw new Error("The map needs a newer browser (one that has DecompressionStream).");
      const [meta, cells, land] = await Promise.all(["meta", "cells", "land"].map(load));
      api.map = new Explorer(host, meta, cells, land);
      await api.map.ready;
      host.dataset.ready = "true";
    } catch (error) {
      host.append(element("p", { role: "alert" }, error.message));
    }
  }

  const api = { put, map: null };
  document.addEventListener("DOMContentLoaded", begin);
  return api;
})();
