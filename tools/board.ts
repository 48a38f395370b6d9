/** Writes the board for Grafana, deploy/grafana/fairlead.json. `node tools/board.ts [--check]`: with --check it only compares. */
import * as fs from "node:fs"
import process from "node:process"
import type { Panel } from "./board/panels.ts"
import { ROWS } from "./board/panels.ts"

const FILE = new URL("../deploy/grafana/fairlead.json", import.meta.url)
const COLUMNS = 24
const SOURCE = { type: "prometheus", uid: "${source}" }

let nextId = 1

function panelOf(
  { title, about, kind, queries, unit, width, height = 8, most, marks, mappings }: Panel,
  x: number,
  y: number
) {
  const isStat = kind === "stat"
  return {
    id: nextId++,
    type: kind,
    title,
    description: about,
    datasource: SOURCE,
    gridPos: { x, y, w: width, h: height },
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(most === undefined ? {} : { max: most }),
        color: { mode: isStat ? "thresholds" : "palette-classic" },
        ...(mappings === undefined ? {} : { mappings: [{ type: "value", options: mappings }] }),
        thresholds: { mode: "absolute", steps: [{ color: "green", value: null }, ...marks ?? []] },
        custom: isStat ? {} : { lineWidth: 1, fillOpacity: 8, showPoints: "never", spanNulls: false }
      },
      overrides: []
    },
    options: isStat
      ? { reduceOptions: { calcs: ["lastNotNull"] }, colorMode: "value", graphMode: "area", textMode: "auto" }
      : { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
    targets: queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + i),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
      range: true,
      instant: false
    }))
  }
}

function panels() {
  let y = 0
  return ROWS.flatMap(({ title, panels }) => {
    const row = { id: nextId++, type: "row", title, collapsed: false, gridPos: { x: 0, y, w: COLUMNS, h: 1 }, panels: [] }
    y++
    let x = 0
    let lowest = 0
    const placed = panels.map((panel) => {
      if (x + panel.width > COLUMNS) {
        x = 0
        y += lowest
        lowest = 0
      }
      const one = panelOf(panel, x, y)
      x += panel.width
      lowest = Math.max(lowest, panel.height ?? 8)
      return one
    })
    y += lowest
    return [row, ...placed]
  })
}

const choice = (name: string, label: string, query: string) => ({
  type: "query",
  name,
  label,
  datasource: SOURCE,
  query: { query, refId: name },
  definition: query,
  includeAll: true,
  multi: true,
  allValue: ".*",
  current: { text: "All", value: "$__all" },
  refresh: 2,
  sort: 1
})

const board = {
  uid: "fairlead",
  title: "Fairlead",
  description: "Clients, addresses and the service itself. docs/operations.md explains each metric and alert.",
  tags: ["fairlead"],
  editable: true,
  graphTooltip: 1,
  schemaVersion: 39,
  time: { from: "now-3h", to: "now" },
  refresh: "15s",
  timezone: "",
  annotations: {
    list: [{
      name: "alerts",
      datasource: SOURCE,
      enable: true,
      iconColor: "red",
      expr: 'ALERTS{alertname=~"Fairlead.*",alertstate="firing",instance=~"$instance"}',
      titleFormat: "{{alertname}}",
      textFormat: "{{upstream}}{{listener}}"
    }]
  },
  templating: {
    list: [
      { type: "datasource", name: "source", label: "Prometheus", query: "prometheus", current: {} },
      choice("instance", "Instance", "label_values(fairlead_connections_active, instance)"),
      choice("listener", "Listener", 'label_values(fairlead_connections_active{instance=~"$instance"}, listener)'),
      choice("upstream", "Upstream", 'label_values(fairlead_pool_hits_total{instance=~"$instance"}, upstream)')
    ]
  },
  panels: panels()
}

const text = `${JSON.stringify(board, null, 2)}\n`
if (!process.argv.includes("--check")) fs.writeFileSync(FILE, text)
else if (!fs.existsSync(FILE) || fs.readFileSync(FILE, "utf8") !== text) {
  console.error("deploy/grafana/fairlead.json is not what tools/board.ts writes: run node tools/board.ts")
  process.exit(1)
}
