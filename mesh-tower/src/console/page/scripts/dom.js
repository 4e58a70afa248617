// Makes and changes elements. Whatever the mesh says is text here, and never markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element: attributes by name, `style` and `data` as objects; children are elements, texts, lists, or nothing. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same of a drawing. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "style") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "value" && element.tagName !== "OPTION") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/**
 * Makes what is shown like what is to be shown, and leaves alone what is the same: so the focus, what is folded open, and
 * what somebody types stay. Children with a `data-key` are found again by it.
 */
export function morph(shown, wanted) {
  if (shown.nodeType !== wanted.nodeType || shown.nodeName !== wanted.nodeName) {
    shown.replaceWith(wanted);
    return;
  }
  if (shown.nodeType === Node.TEXT_NODE) {
    if (shown.data !== wanted.data) shown.data = wanted.data;
    return;
  }
  attributes(shown, wanted);
  if (wanted.dataset?.keep === undefined) children(shown, wanted);
}

/** Shows these within an element, in the place of what was there. */
export function show(into, ...wanted) {
  const holder = into.cloneNode(false);
  holder.append(...wanted.flat(Infinity).filter(Boolean));
  children(into, holder);
}

function attributes(shown, wanted) {
  for (const { name } of [...shown.attributes]) {
    // Whether something is folded open is for whoever looks to say.
    if (!wanted.hasAttribute(name) && name !== "style" && name !== "open") shown.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (name !== "style" && name !== "open" && shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  }
  if (shown.style.cssText !== wanted.style.cssText) shown.style.cssText = wanted.style.cssText;
}

function children(shown, wanted) {
  const known = new Map();
  for (const child of shown.children) if (child.dataset?.key) known.set(child.dataset.key, child);
  let at = shown.firstChild;
  for (const child of [...wanted.childNodes]) {
    const same = child.dataset?.key ? known.get(child.dataset.key) : undefined;
    if (same) {
      if (same !== at) shown.insertBefore(same, at);
      else at = at.nextSibling;
      morph(same, child);
    } else if (child.dataset?.key || !at || at.dataset?.key) {
      shown.insertBefore(child, at);
    } else {
      const next = at.nextSibling;
      morph(at, child);
      at = next;
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}
