/** The outputs of the demo while it plays: a terminal, a file, or none until its document is printed. */
import * as Effect from "effect/Effect"
import * as Screen from "../../adapters/demo/Screen.ts"
import type { Frame, StoryLine } from "./Frame.ts"
import { paint, textOf } from "./spans.ts"
import { report, screen, storyLines } from "./view.ts"

export interface Output {
  /** Prints a line of the story as it happens. */
  readonly tell: (line: StoryLine) => void
  /** Shows a frame. */
  readonly show: (frame: Frame) => void
  /** Time in ms between two frames. */
  readonly everyMs: number
}

const FRAME_MS = 200
/** Columns of a file, and at most of a terminal after the demo. Longer lines are hard to read. */
export const TEXT_COLUMNS = 110

/** Redraws a region of the terminal, and restores the terminal when its scope ends. */
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

/** Plain lines without any control character: the story as it happens, and the tables now and then. */
export const plainText = (print: (text: string) => void, everyMs: number): Output => ({
  everyMs,
  tell: (line) => print(storyText(line, TEXT_COLUMNS)),
  show: (frame) => print(["", ...report(frame), ""].join("\n"))
})

export const nothing: Output = { everyMs: FRAME_MS, tell: () => {}, show: () => {} }

export function storyText(line: StoryLine, columns: number): string {
  return storyLines(line, columns).map(textOf).join("\n")
}
