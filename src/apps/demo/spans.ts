/** Lines as pieces of text with a tone, so that text and colours stay apart. */

export type Tone = "plain" | "bold" | "dim" | "good" | "warn" | "bad"

export interface Span {
  readonly text: string
  readonly tone: Tone
}

export type Line = ReadonlyArray<Span>

const SGR: Readonly<Record<Tone, string>> = { plain: "", bold: "1", dim: "2", good: "32", warn: "33", bad: "31" }

export const span = (text: string, tone: Tone = "plain"): Span => ({ text, tone })

export const textOf = (line: Line): string => line.map(({ text }) => text).join("")

/** Cuts a line to `columns`. Each character is one column wide. */
export function clip(line: Line, columns: number): Line {
  let left = columns
  const fitting: Array<Span> = []
  for (const { text, tone } of line) {
    if (left <= 0) break
    const characters = [...text].slice(0, left)
    fitting.push({ text: characters.join(""), tone })
    left -= characters.length
  }
  return fitting
}

/** The text for a terminal: with colours, or without any control character. */
export function paint(line: Line, colour: boolean): string {
  return line.map(({ text, tone }) => colour && tone !== "plain" ? `\x1b[${SGR[tone]}m${text}\x1b[0m` : text).join("")
    .trimEnd()
}

/** Words in lines of at most `columns`. Lines after the first one are indented. */
export function wrap(text: string, columns: number, indent: number): ReadonlyArray<string> {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ")) {
    if (line.trim() !== "" && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = " ".repeat(indent) + word
    } else line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, line]
}

export interface Column {
  readonly head: string
  readonly align: "left" | "right"
}

/** Columns aligned to their widest cell, two blanks apart. */
export function table(columns: ReadonlyArray<Column>, rows: ReadonlyArray<ReadonlyArray<Span>>): ReadonlyArray<Line> {
  const widths = columns.map(({ head }, i) => Math.max(head.length, ...rows.map((row) => [...(row[i]?.text ?? "")].length)))
  const cell = ({ text, tone }: Span, i: number): Span => {
    const blank = " ".repeat((widths[i] ?? 0) - [...text].length)
    return { text: `${i === 0 ? "" : "  "}${columns[i]?.align === "right" ? blank + text : text + blank}`, tone }
  }
  return [columns.map(({ head }, i) => cell(span(head, "dim"), i)), ...rows.map((row) => row.map(cell))]
}
