/** Where the demo shows itself while it plays: a terminal, a file, or nowhere until its document is printed. */
import * as Effect from "effect/Effect"
import * as Screen from "../../adapters/demo/Screen.ts"
import type { Frame, StoryLine } from "./Frame.ts"
import { paint, textOf } from "./spans.ts"
import { report, screen, storyLines } from "./view.ts"

export interface Output {
  /** A line of the story, as it happens. */
  readonly tell: (line: StoryLine) => void
  /** Shows a frame. */
  readonly show: (frame: Frame) => void
  /** How often it wants one, in ms. */
  readonly everyMs: number
}

const FRAME_MS = 200
/** Columns of a file, and most of a terminal after the demo: longer lines are hard to read. */
export const TEXT_COLUMNS = 110

/** Redraws a region of the terminal, which it gives back when its scope ends. */
export const terminal = Effect.map(Screen.open, (shown): Output => {
  const colour = Screen.hasColour()
  const unicode = Screen.hasUnicode()
  return {
    everyMs: FRAME_MS,
    tell: () => {},
    show: (frame) =>
      shown.draw((size) => screen(frame, { ...size, unicode, curves: true }).map((line) => paint(line, colour)))
  }
})

/** Lines only, without any control character: the story as it happens, the tables now and then. */
export const plainText = (print: (text: string) => void, everyMs: number): Output => ({
  everyMs,
  tell: (line) => print(storyText(line, TEXT_COLUMNS)),
  show: (frame) => print(["", ...report(frame), ""].join("\n"))
})

export const nothing: Output = { everyMs: FRAME_MS, tell: () => {}, show: () => {} }

export function storyText(line: StoryLine, columns: number): string {
  return storyLines(line, columns).map(textOf).join("\n")
}
