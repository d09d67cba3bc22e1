// Draw the charts. Colours are CSS variables, so a change of theme needs no redrawing.
document.querySelectorAll("[data-chart]").forEach((place) => {
  const options = { mode: "vega-lite", renderer: "svg", actions: false, ast: true };
  vegaEmbed(place, report.charts[place.dataset.chart], options)
    .then(() => { place.dataset.drawn = "yes"; })
    .catch((problem) => {
      place.textContent = "This chart could not be drawn.";
      console.error(problem);
    });
});
