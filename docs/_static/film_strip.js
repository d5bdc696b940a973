// A film strip under a slider: <div class="film-strip" data-src="strip.jpg" data-steps="25" data-label="...">.
document.addEventListener("DOMContentLoaded", () => {
  for (const strip of document.querySelectorAll(".film-strip")) {
    const steps = Number(strip.dataset.steps);
    const picture = document.createElement("div");
    picture.className = "film-strip-picture";
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", strip.dataset.label);
    picture.style.backgroundImage = `url("${strip.dataset.src}")`;
    picture.style.backgroundSize = `${steps * 100}% 100%`;
    const slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: steps - 1, value: 0 });
    slider.setAttribute("aria-label", `Step along the continuum: ${strip.dataset.label}`);
    const show = () => {
      picture.style.backgroundPositionX = `${(100 * slider.value) / (steps - 1)}%`;
      slider.setAttribute("aria-valuetext", `step ${Number(slider.value) + 1} of ${steps}`);
    };
    slider.addEventListener("input", show);
    slider.value = Math.floor(steps / 2);
    show();
    strip.replaceChildren(picture, slider);
  }
});
