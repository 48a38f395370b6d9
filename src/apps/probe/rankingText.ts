/** A ranking as an aligned table, and as CSV. Pure. */
import { endpointText } from "../../core/endpointText.ts"
import type { Column, Line } from "../demo/spans.ts"
import { span, table } from "../demo/spans.ts"
import type { Ranked } from "./ranking.ts"

const left = (head: string): Column => ({ head, align: "left" })
const right = (head: string): Column => ({ head, align: "right" })

/** `most`: rows shown. */
export function rankingLines(all: ReadonlyArray<Ranked>, most: number): ReadonlyArray<Line> {
  const hasNames = all.some(({ name }) => name !== "")
  const heads = [
    right(""),
    left("address"),
    ...(hasNames ? [left("name")] : []),
    ...["sent", "ok", "min ms", "median ms", "jitter ms", "loss", "score"].map(right),
    left("")
  ]
  const rows = all.slice(0, most).map((one, i) => {
    const tone = one.ok === 0 ? "dim" as const : "plain" as const
    const figure = (value: number | null) => span(value === null ? "-" : value.toFixed(1), tone)
    return [
      span(one.ok === 0 ? "" : String(i + 1), i === 0 && one.ok > 0 ? "good" : tone),
      span(endpointText(one), i === 0 && one.ok > 0 ? "bold" : tone),
      ...(hasNames ? [span(one.name, tone)] : []),
      span(String(one.sent), tone),
      span(String(one.ok), tone),
      figure(one.minMs),
      figure(one.medianMs),
      figure(one.jitterMs),
      span(`${Math.round(one.loss * 100)} %`, one.loss > 0 && one.ok > 0 ? "warn" : tone),
      span(one.ok === 0 ? "-" : one.score.toFixed(0), tone),
      span(failuresText(one), one.ok === 0 ? "bad" : "warn")
    ]
  })
  const hidden = all.length - rows.length
  return [...table(heads, rows), ...(hidden > 0 ? [[span(`and ${hidden} more: --top ${all.length} shows all`, "dim")]] : [])]
}

function failuresText({ failures }: Ranked): string {
  return Object.entries(failures).map(([reason, times]) => times === 1 ? reason : `${times} ${reason}`).join(", ")
}

const FIELDS = [
  "host",
  "port",
  "name",
  "sent",
  "ok",
  "minMs",
  "medianMs",
  "maxMs",
  "jitterMs",
  "loss",
  "costMs",
  "score"
] as const

/** RFC 4180, with a head. No field needs quotes: names and addresses have neither commas nor quotes. */
export function rankingCsv(all: ReadonlyArray<Ranked>): string {
  return [FIELDS.join(","), ...all.map((one) => FIELDS.map((field) => one[field] ?? "").join(","))].join("\n")
}
