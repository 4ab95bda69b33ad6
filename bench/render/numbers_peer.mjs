// Runs fast-paint-by-numbers twice in one process and prints what each run cost, as JSON.
// node numbers_peer.mjs <photo> <output stem> <colours> <smallest facet in pixels>
import fs from "node:fs";
import sharp from "sharp";
import {
  createConsoleLogger,
  generatePaintByNumbers,
  initializeWasmRuntime,
  prepareRgbaInput,
} from "fast-paint-by-numbers";

const [, , photo, stem, colours, smallest, rounds] = process.argv;
const quiet = createConsoleLogger("error");
await initializeWasmRuntime({}, quiet);
const runs = [];
for (let round = 0; round < Number(rounds); round += 1) {
  const begun = performance.now();
  const before = process.cpuUsage();
  const { data, info } = await sharp(photo).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const options = {
    kmeansClusters: Number(colours),
    removeFacetsSmallerThan: Number(smallest),
    borderSmoothingPasses: 2,
    showLabels: true,
    showBorders: true,
    fillFacets: true,
  };
  const result = await generatePaintByNumbers(prepareRgbaInput(info.width, info.height, data), options, quiet);
  fs.writeFileSync(`${stem}.svg`, result.svg);
  fs.writeFileSync(`${stem}.json`, JSON.stringify(result.palette));
  const bare = result.svg.replace(/<text.*?<\/text>/g, "").replace(/stroke="#222" stroke-width="[\d.]+"/g, "");
  await sharp(Buffer.from(bare)).png().toFile(`${stem}.png`);
  const used = process.cpuUsage(before);
  runs.push({
    seconds: (performance.now() - begun) / 1000,
    cpu_seconds: (used.user + used.system) / 1e6,
    facets: result.facetCount,
  });
}
const peak = /VmHWM:\s+(\d+)/.exec(fs.readFileSync("/proc/self/status", "ascii"));
console.log(JSON.stringify({ runs, peak_mb: Number(peak[1]) / 1024 }));
