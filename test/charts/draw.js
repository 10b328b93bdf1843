// Draws charts: one JSON object a line on standard input, {"name", "marks", "spec"}. Each becomes NAME.svg and
// NAME.png in the directory that is given, and a line "ok NAME" when it shows what its data have:
//   * Vega-Lite has nothing to warn of,
//   * there are as many bars, arcs or points as values, and of a line chart as many lines as segments,
//   * all titles, and the names of all segments, can be read,
//   * the picture is not empty.
import { Resvg } from "@resvg/resvg-js";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import * as vega from "vega";
import { compile } from "vega-lite";

const [directory] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });

function occurrences(text, pattern) {
    return (text.match(pattern) ?? []).length;
}

function texts(svg) {
    const plain = text => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&amp;/g, "&");
    return new Set([...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(match => plain(match[1])));
}

function titles(spec) {
    const channels = Object.entries(spec.encoding).filter(([name]) => name !== "theta").map(([, channel]) => channel.title);
    return [spec.title.text, spec.title.subtitle, ...channels.filter(title => title)];
}

async function svgOf(spec, complaints) {
    const logger = { level: () => logger, warn: text => complaints.push(text), error: text => complaints.push(text), info: () => logger, debug: () => logger };
    const view = new vega.View(vega.parse(compile(spec, { logger }).spec), { renderer: "none", logger });
    const svg = await view.toSVG();
    view.finalize();
    return svg;
}

// Pixels that are not white.
function ink(image) {
    const pixels = image.pixels;
    let count = 0;
    for (let at = 0; at < pixels.length; at += 4)
        if (pixels[at] < 250 || pixels[at + 1] < 250 || pixels[at + 2] < 250) ++count;
    return count;
}

async function draw({ name, marks, spec }) {
    const complaints = [];
    const svg = await svgOf(spec, complaints);
    const values = spec.data.values;
    const found = occurrences(svg, new RegExp(`aria-roledescription="${marks}( mark)?"`, "g"));
    if (found !== values.length) complaints.push(`${found} marks for ${values.length} values`);
    const segments = [...new Set(values.map(value => value.segment).filter(segment => segment !== undefined))];
    const lines = occurrences(svg, /aria-roledescription="line mark"/g);
    if (marks === "point" && lines !== Math.max(1, segments.length)) complaints.push(`${lines} lines for ${segments.length} segments`);
    const read = texts(svg);
    for (const text of [...titles(spec), ...segments]) if (!read.has(text)) complaints.push(`no text "${text}"`);
    const image = new Resvg(svg, { background: "white", font: { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans" } }).render();
    if (ink(image) < 2000) complaints.push(`only ${ink(image)} pixels are not white`);
    writeFileSync(`${directory}/${name}.svg`, svg);
    writeFileSync(`${directory}/${name}.png`, image.asPng());
    return complaints;
}

for (const line of readFileSync(0, "utf8").split("\n").filter(text => text)) {
    const chart = JSON.parse(line);
    const complaints = await draw(chart).catch(error => [error.message]);
    console.log(complaints.length ? `FAILED   ${chart.name}: ${complaints.join("; ")}` : `ok       ${chart.name} (${chart.spec.data.values.length} ${chart.marks}s)`);
}
