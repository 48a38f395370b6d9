/** The prose in a source: its comments, or the titles of its tests. All else is blank, so that lines and columns stay. */
import { piecesOf } from "./pieces.ts"

/** Code right before a title: `it(`, `it.effect(`, `describe(` or `law(`, and of a template what is in its `${}` so far. */
const BEFORE_TITLE = /\b(?:describe|it|law)(?:\.\w+)*\(\s*(?:`(?:\$\{[^`]*\})*)?$/

const blank = (text: string): string => text.replace(/[^\n]/g, " ")

/** The comments of a source. */
export function commentsOf(source: string): string {
  return piecesOf(source).map(({ kind, text }) => kind === "comment" ? text : blank(text)).join("")
}

/** The titles of the tests in a source, except what is in their `${}`. */
export function titlesOf(source: string): string {
  let code = ""
  return piecesOf(source).map(({ kind, text }) => {
    if (kind === "code") code += text
    const isTitle = (kind === "literal" || kind === "template") && BEFORE_TITLE.test(code.slice(-400))
    if (kind === "literal") code += text[0]
    return isTitle ? text : blank(text)
  }).join("")
}
