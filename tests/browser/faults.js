// Faults of the open page that can be measured: [kind, element, measure]. Beside them, the links to
// files, which are looked up outside.
({ paper, dark }) => {
  const faults = [];
  const root = document.documentElement;
  const width = window.innerWidth;
  const smallest = paper ? 8 : 11; // px: 6 pt on paper
  const raised = 8; // px, of what stands above or below the line
  const px = (number) => `${Math.round(number * 10) / 10} px`;

  const describe = (element) => {
    const path = [];
    for (let at = element; at && at !== root && path.length < 4; at = at.parentElement) {
      const names = [...at.classList].slice(0, 2).map((name) => `.${name}`).join("");
      path.unshift(at.localName + (at.id ? `#${at.id}` : "") + names);
    }
    const text = element.textContent.replace(/\s+/g, " ").trim();
    return (path.join(" > ") || element.localName) + (text ? ` "${text.slice(0, 40)}"` : "");
  };
  const report = (kind, element, measure) => faults.push([kind, describe(element), measure]);
  const shown = (element) =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const hidden = (element) => element.closest("[aria-hidden=true], [role=presentation], [role=none]");

  // What a box does with content that is larger than it: "scroll", "cut", or null.
  const boxes = new Map();
  const box = (element) => {
    if (!boxes.has(element)) {
      const { overflowX, overflowY, textOverflow, clipPath } = getComputedStyle(element);
      const rect = element.getBoundingClientRect();
      const unseen = rect.width <= 2 || rect.height <= 2 || clipPath !== "none";
      const kind = (value) =>
        /auto|scroll/.test(value) ? "scroll" : /hidden|clip/.test(value) ? "cut" : null;
      // the window itself scrolls with what is said of html and body
      const window = element === root || element === document.body;
      boxes.set(element, {
        rect, unseen, x: window ? null : kind(overflowX), y: window ? null : kind(overflowY),
        dots: textOverflow === "ellipsis",
      });
    }
    return boxes.get(element);
  };
  const ancestors = function* (element) {
    for (let at = element; at; at = at.parentElement) yield at;
  };
  const scrolls = (element) =>
    [...ancestors(element.parentElement)].some((at) => box(at).x !== null);

  // The document is as wide as the window. The innermost elements that stick out are named; what
  // sticks out on paper is found below.
  if (root.scrollWidth > width && !paper) {
    const out = [...document.body.querySelectorAll("*")].filter((element) => {
      const rect = element.getBoundingClientRect();
      return rect.width > 0 && rect.right > width + 0.5 && shown(element) && !scrolls(element);
    });
    const ends = out.filter((element) => !out.some((o) => o !== element && element.contains(o)))
      .map((element) => [element.getBoundingClientRect().right, element])
      .sort(([one], [other]) => other - one);
    const [right, element] = ends[0] ?? [root.scrollWidth, document.body];
    const others = ends.length > 1 ? `; ${ends.length} elements stick out` : "";
    report("overflow", element, `ends at ${px(right)} of ${px(width)}${others}`);
  }

  // Texts: their size, and whether something cuts them off.
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const small = new Set();
  const cut = new Map(); // from what cuts to the worst of the texts that it cuts
  const remember = (by, element, most, measure) => {
    const { count, ...worst } = cut.get(by) ?? { count: 0, most: 0 };
    const kept = most > worst.most ? { most, element, measure } : worst;
    cut.set(by, { ...kept, count: count + 1 });
  };
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (element instanceof SVGElement) continue; // below
    if (!node.data.trim() || /^(script|style|noscript|template)$/.test(element.localName)) continue;
    if (!shown(element)) continue;
    const chain = [...ancestors(element)];
    if (chain.some((at) => box(at).unseen && box(at).x === "cut")) continue; // read aloud only
    const size = parseFloat(getComputedStyle(element).fontSize);
    const least = element.closest("sub, sup") ? raised : smallest;
    if (size < least - 0.05 && !small.has(element)) {
      small.add(element);
      report("small text", element, `${px(size)}, wanted at least ${px(least)}`);
    }
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      if (!rect.width || !rect.height) continue;
      for (const at of chain) {
        const { x, y, rect: own, dots } = box(at);
        if (!paper && (x === "scroll" || y === "scroll")) break;
        const sides = [];
        if (x && !dots) sides.push(own.left - rect.left, rect.right - own.right);
        // glyphs may be lower than their line, so some height may stick out
        if (y) sides.push((own.top - rect.top) / 2, (rect.bottom - own.bottom) / 2);
        const most = Math.max(...sides, 0);
        if (most > 1.5) {
          remember(at, element, most, `${px(most)} outside of its box`);
          break;
        }
        if (at !== root) continue;
        if (rect.left < -0.5) remember(at, element, -rect.left, `starts at ${px(rect.left)}`);
        const over = rect.right - width;
        if (paper && over > 0.5) remember(at, element, over, `ends at ${px(rect.right)} of ${px(width)}`);
      }
    }
  }
  for (const [by, { element, measure, count }] of cut) {
    const others = count > 1 ? `; ${count} texts are cut by ${describe(by)}` : "";
    report("cut text", element, measure + others);
  }

  // Headings, names and captions say something.
  for (const element of document.querySelectorAll("h1, h2, h3, h4, dt, figcaption")) {
    if (!element.textContent.trim() && !element.querySelector("img, svg")) report("no text", element, "wanted words");
  }

  // Texts of pictures. Those of embedded SVG files are measured in a copy in the place of the image.
  const scaleOf = (element) => {
    const { a, b, c, d } = element.getScreenCTM();
    return Math.sqrt(Math.abs(a * d - b * c));
  };
  const textsOf = (picture) => {
    const own = picture.getBoundingClientRect();
    const out = (element) => {
      const rect = element.getBoundingClientRect();
      return Math.max(own.left - rect.left, rect.right - own.right,
        (own.top - rect.top) / 2, (rect.bottom - own.bottom) / 2);
    };
    const texts = [...picture.querySelectorAll("text")].map((element) => ({
      text: element.textContent.trim(), out: out(element),
      size: Math.min(...[element, ...element.querySelectorAll("tspan")].map(
        (part) => parseFloat(getComputedStyle(part).fontSize))) * scaleOf(element),
    }));
    // matplotlib writes outlines of letters in groups that are scaled by a hundredth of their size
    const outlines = [...picture.querySelectorAll("g[transform*=scale]")].filter((group) => {
      const parts = [...group.children].filter((part) => part.localName !== "defs");
      return parts.length && parts.every((part) => part.localName === "use");
    }).map((group) => {
      const [text] = [...group.parentNode.childNodes].filter((node) => node.nodeType === 8);
      return { text: text?.data.trim() ?? "", out: out(group), size: 100 * scaleOf(group) };
    });
    return [...texts, ...outlines].filter(({ text }) => text);
  };
  const reportTexts = (element, texts) => {
    const few = (chosen, value) => {
      const names = chosen.slice(0, 3).map((one) => `"${one.text.slice(0, 30)}" ${value(one)}`);
      return names.join(", ") + (chosen.length > 3 ? `; ${chosen.length} texts` : "");
    };
    const small = texts.filter(({ size }) => size < smallest - 0.05).sort((p, q) => p.size - q.size);
    if (small.length) {
      const sizes = few(small, ({ size }) => `has ${px(size)}`);
      report("small text", element, `${sizes}, wanted at least ${px(smallest)}`);
    }
    const outside = texts.filter(({ out }) => out > 1.5).sort((p, q) => q.out - p.out);
    if (outside.length) {
      report("cut text", element, few(outside, ({ out }) => `is ${px(out)} outside`));
    }
  };
  for (const picture of document.querySelectorAll("svg")) {
    if (shown(picture) && !picture.parentElement.closest("svg")) {
      reportTexts(picture, textsOf(picture));
    }
  }
  for (const image of document.querySelectorAll('img[src^="data:image/svg+xml"]')) {
    if (!shown(image)) continue;
    const at = image.src.indexOf(",");
    const coded = image.src.slice(at + 1);
    const bytes = image.src.slice(0, at).includes(";base64")
      ? Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0)) : null;
    const source = bytes ? new TextDecoder().decode(bytes) : decodeURIComponent(coded);
    const copy = new DOMParser().parseFromString(source, "image/svg+xml").documentElement;
    const { left, top, width: wide, height } = image.getBoundingClientRect();
    const frame = document.createElement("div").attachShadow({ mode: "open" });
    frame.host.style.cssText = `position: absolute; left: ${left + scrollX}px; top: ${top + scrollY}px`;
    copy.style.cssText = `width: ${wide}px; height: ${height}px; display: block`;
    frame.append(document.importNode(copy, true));
    document.body.append(frame.host);
    reportTexts(image, textsOf(frame.firstChild));
    frame.host.remove();
  }

  // Pictures have words that stand for them.
  for (const image of document.querySelectorAll("img")) {
    if (!image.alt.trim() && !hidden(image)) report("no alternative text", image, "img without alt");
    if (image.complete && !image.naturalWidth) report("broken picture", image, image.src.slice(0, 80));
  }
  for (const picture of document.querySelectorAll("svg")) {
    if (picture.parentElement.closest("svg") || hidden(picture) || !shown(picture)) continue;
    const by = (picture.getAttribute("aria-labelledby") ?? "").split(/\s+/);
    const words = [
      picture.getAttribute("aria-label"), picture.querySelector(":scope > title")?.textContent,
      ...by.map((id) => id && document.getElementById(id)?.textContent),
    ];
    if (!words.some((word) => word?.trim())) {
      report("no alternative text", picture, "svg without title, aria-label or aria-labelledby");
    } else if (picture.getAttribute("role") !== "img") {
      report("no alternative text", picture, "svg without role=img, so that its parts are read");
    }
  }

  // Names are unique, and what refers to one finds it.
  const ids = new Map();
  for (const element of document.querySelectorAll("[id]")) {
    ids.set(element.id, [...(ids.get(element.id) ?? []), element]);
  }
  for (const [id, elements] of ids) {
    if (elements.length > 1) report("id", elements[1], `${elements.length} elements are called ${id}`);
  }
  const target = (element, reference) => {
    const id = decodeURIComponent(reference.slice(1));
    if (id && id !== "top" && !ids.has(id) && !document.getElementsByName(id).length) {
      report("link", element, `there is no ${reference}`);
    }
  };
  const files = [];
  for (const link of document.querySelectorAll("a[href], area[href]")) {
    const reference = link.getAttribute("href");
    if (reference.startsWith("#")) target(link, reference);
    else if (link.protocol === "file:") files.push([describe(link), link.href]);
  }
  for (const part of document.querySelectorAll("svg *")) {
    for (const { localName, value } of part.attributes) {
      if (localName === "href" && value.startsWith("#")) target(part, value);
      for (const [, reference] of value.matchAll(/url\(["']?(#[^"')]+)/g)) target(part, reference);
    }
  }
  for (const link of document.querySelectorAll("link[rel~=preconnect], link[rel~=dns-prefetch]")) {
    report("network", link, `asks for ${link.href}`);
  }

  // Who asked for dark gets dark.
  if (dark) {
    const filled = [document.body, root].map((element) => getComputedStyle(element).backgroundColor)
      .map((color) => color.match(/[\d.]+/g).map(Number))
      .find((color) => color.length < 4 || color[3] > 0);
    const canvas = getComputedStyle(root).colorScheme.includes("dark") ? [0, 0, 0] : [255, 255, 255];
    const [red, green, blue] = filled ?? canvas;
    const light = (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
    if (light > 0.4) report("not dark", document.body, `background of lightness ${light.toFixed(2)}`);
  }
  return { faults, links: files };
}
