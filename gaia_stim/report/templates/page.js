"use strict";
// The set's viewer: slider, thumbnails and arrow keys all choose the same stimulus. A page without one does nothing.
(() => {
  const slider = document.getElementById("slider");
  if (!slider) return;
  const shown = document.getElementById("shown");
  const [id, where, measured] = document.getElementById("told").children;
  const play = document.getElementById("play");
  const buttons = [...document.querySelectorAll("#thumbs button")];
  let timer = null;

  const show = (index) => {
    const button = buttons[index];
    const image = button.querySelector("img");
    shown.src = image.src;
    shown.alt = image.alt;
    id.textContent = button.dataset.id;
    where.textContent = button.dataset.where;
    measured.textContent = button.dataset.measured;
    slider.value = index;
    slider.setAttribute("aria-valuetext", image.alt);
    buttons.forEach((other, place) => other.toggleAttribute("aria-current", place === index));
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  };

  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
  buttons.forEach((button, index) => {
    for (const kind of ["pointerenter", "focus", "click"]) {
      button.addEventListener(kind, () => { stop(); show(index); });
    }
  });
  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    let place = Number(slider.value), step = 1;
    play.textContent = "Stop";
    timer = setInterval(() => {
      if (buttons.length < 2) return stop();
      if (place + step < 0 || place + step >= buttons.length) step = -step;
      place += step;
      show(place);
    }, 120);
  });
  // One press shows the stimulus pixel for pixel, larger than the column if it is; a further one, fitted again.
  const zoom = document.getElementById("zoom");
  zoom.addEventListener("click", () => {
    const is_real = zoom.getAttribute("aria-pressed") !== "true";
    zoom.setAttribute("aria-pressed", is_real);
    shown.style.width = is_real ? `${shown.naturalWidth / devicePixelRatio}px` : "";
  });
  document.documentElement.classList.add("alive");
  show(0);
})();
