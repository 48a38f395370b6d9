/** Mistakes of YAML in words that help the author of a file. The library's own messages are about its parsing. */
import type { Document, LineCounter, YAMLError } from "yaml"
import { isCollection, isScalar, visit } from "yaml"
import type { Problem } from "./Problem.ts"

const QUOTES = "a text with one of : # [ ] { } , & * ! % @ ` in it may have to be in quotes"

/** By the library's codes. The text itself may be a secret and is never repeated. */
const WORDS: Readonly<Record<string, string>> = {
  ALIAS_PROPS: "a text that begins with * has to be in quotes",
  BAD_ALIAS:
    "& and * begin the name of an anchor, and none follows: a text that begins with one of them has to be in quotes",
  BAD_DIRECTIVE: "a line that begins with % is ignored: take it out",
  BAD_DQ_ESCAPE:
    "a backslash in double quotes stands before a character that it cannot escape: write two backslashes, or use single quotes",
  BAD_INDENT:
    "is not indented like the lines it belongs to: give all keys of a section, and all items of a list, the same indent",
  BAD_PROP_ORDER: "a text that begins with & or ! has to be in quotes",
  BAD_SCALAR_START: "a text that begins with @, ` or % has to be in quotes",
  BLOCK_AS_IMPLICIT_KEY: "the line has a second colon: begin a new line after the first one, or put the text in quotes",
  BLOCK_IN_FLOW: "a comma is missing before here: inside { } and [ ] commas separate what belongs together",
  KEY_OVER_1024_CHARS: "a key is longer than 1024 characters, or a colon or quote is missing",
  MISSING_CHAR: "a colon, a comma or a quote is missing before here",
  MULTILINE_IMPLICIT_KEY: "a colon is missing, or a key goes over several lines",
  MULTIPLE_ANCHORS: "a text that begins with & has to be in quotes",
  MULTIPLE_DOCS: "a second document begins here (---): one file is one configuration, take one of them out",
  MULTIPLE_TAGS: "a text that begins with ! has to be in quotes",
  RESOURCE_EXHAUSTION: "is nested too deeply: a configuration has a handful of levels",
  TAB_AS_INDENT: "the line is indented with a tab: use spaces",
  TAG_RESOLVE_FAILED: "a tag (a word after !) is not known and is ignored: a text that begins with ! has to be in quotes",
  UNEXPECTED_TOKEN: `cannot stand here: ${QUOTES}, and brackets come in pairs`
}

/** Codes with several meanings, which the library's messages tell apart. */
const FINER: ReadonlyArray<readonly [code: string, words: RegExp, ours: string]> = [
  ["BAD_INDENT", /end with/, "a { or [ before here is not closed, or what is in it is not indented"],
  ["MISSING_CHAR", /closing/, "a quote that was opened before here is not closed"],
  ["MISSING_CHAR", /followed by map values/, "a colon is missing behind this key"],
  ["MISSING_CHAR", /Missing ,/, "a comma is missing before here"],
  ["MISSING_CHAR", /without - /, "is not indented like the lines it belongs to: give all keys of a section the same indent"]
]

const COMMENT = "is not a comment: a comment begins with #"
const ADDRESS = "an address with brackets such as [::1]:80 has to be in quotes"

/** The mistakes of the text in order, one a line: further ones in a line are mostly consequences. */
export function mistakesOf(document: Document, lines: LineCounter, text: string): ReadonlyArray<Problem> {
  const found = [
    ...shapesOf(document, text),
    ...document.errors.map((error) => ({ at: error.pos[0], message: messageOf(error, lines, text) }))
  ].toSorted((a, b) => a.at - b.at)
  const located = found.map(({ at, message }) => ({ ...lines.linePos(at), message }))
  const first = located.filter(({ line }, i) => located.findIndex((other) => other.line === line) === i)
  return first.map(({ line, col, message }) => problem(line, col, message))
}

export function cautionsOf(document: Document, lines: LineCounter, text: string): ReadonlyArray<Problem> {
  return document.warnings.map((warning) => {
    const { line, col } = lines.linePos(warning.pos[0])
    return problem(line, col, messageOf(warning, lines, text))
  })
}

function problem(line: number, column: number, message: string): Problem {
  return { line, column, path: "", value: undefined, expected: "YAML or JSON", message, nearest: undefined }
}

function messageOf({ code, message, pos }: YAMLError, lines: LineCounter, text: string): string {
  if (/^[/][/*]/.test(text.slice(pos[0], pos[0] + 2))) return COMMENT
  const line = text.split("\n")[lines.linePos(pos[0]).line - 1] ?? ""
  if (/\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]:/.test(line.replace(/"[^"]*"|'[^']*'/g, ""))) return ADDRESS
  const finer = FINER.find(([of, words]) => of === code && words.test(message))?.[2]
  return `${finer ?? WORDS[code] ?? `cannot be read here: ${QUOTES}`}${hint(line)}`
}

/** The one mistake of YAML that this program itself invites. */
function hint(line: string): string {
  return /[:,[]\s*\$\{/.test(line) && /[{[].*\$\{/.test(line) ? '; inside { } and [ ] write "${NAME}" in quotes' : ""
}

interface Shape {
  readonly at: number
  readonly message: string
}

/**
 * Texts that YAML accepts and no author means: comments of JSON as texts, sections as keys, a line without a colon as a text.
 */
function shapesOf(document: Document, text: string): ReadonlyArray<Shape> {
  const found: Array<Shape> = []
  const contents = document.contents
  const isJson = isCollection(contents) && contents.flow === true
  if (isScalar(contents) && contents.type === "PLAIN") {
    found.push({ at: contents.range?.[0] ?? 0, message: "a colon is missing behind the first key" })
  }
  visit(document, {
    Pair(_key, { key }) {
      if (!isCollection(key)) return
      const at = key.range?.[0] ?? 0
      const source = text.slice(at, key.range?.[1])
      found.push({
        at,
        message: /^\[[0-9A-Fa-f:.]+\]$/.test(source) ? ADDRESS : "a list or section is not a key: put it in quotes"
      })
    },
    Scalar(_key, scalar) {
      if (!isJson || scalar.type !== "PLAIN" || scalar.range === undefined || scalar.range === null) return
      const inside = /(^|\s)[/][/*]/.exec(text.slice(scalar.range[0], scalar.range[1]))
      if (inside !== null) found.push({ at: scalar.range[0] + inside.index + (inside[1] ?? "").length, message: COMMENT })
    }
  })
  return found
}
