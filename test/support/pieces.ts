/** Cuts TypeScript into code, comments and texts, as far as the architecture's rules and the check of the prose need it. */

export interface Piece {
  /** `literal`: a string or a regular expression. `template`: the text of a template, without what is in its `${}`. */
  readonly kind: "code" | "comment" | "literal" | "template"
  readonly text: string
}

/** The pieces of a source in order. Their texts make up the whole source. */
export function piecesOf(text: string): ReadonlyArray<Piece> {
  const pieces: Array<Piece> = []
  /** Open braces inside the `${}` of each template around the present position. */
  const templates: Array<number> = []
  /** The code so far, which tells a regular expression from a division. */
  let code = ""
  let i = 0
  const push = (kind: Piece["kind"], end: number) => {
    const piece = text.slice(i, end)
    if (kind === "code") code += piece
    else if (kind === "literal") code += `${piece[0]}${piece[0]}`
    if (piece !== "") pieces.push({ kind, text: piece })
    i = Math.min(end, text.length)
  }
  const pushTemplate = () => {
    let end = i
    while (end < text.length && text[end] !== "`" && !text.startsWith("${", end)) end += text[end] === "\\" ? 2 : 1
    push("template", end)
    if (text[i] === "$") templates.push(0)
    push("code", i + (text[i] === "$" ? 2 : 1))
  }
  while (i < text.length) {
    const char = text[i] as string
    const open = templates.length - 1
    if (text.startsWith("//", i)) push("comment", endOf(text, "\n", i, 0))
    else if (text.startsWith("/*", i)) push("comment", endOf(text, "*/", i + 2, 2))
    else if (char === '"' || char === "'" || (char === "/" && startsRegExp(code))) push("literal", endOfLiteral(text, i))
    else {
      push("code", i + 1)
      if (char === "`" || (char === "}" && templates[open] === 0)) {
        if (char === "}") templates.pop()
        pushTemplate()
      } else if (open >= 0 && char === "{") templates[open]!++
      else if (open >= 0 && char === "}") templates[open]!--
    }
  }
  return pieces
}

function endOf(text: string, mark: string, from: number, length: number): number {
  const found = text.indexOf(mark, from)
  return found < 0 ? text.length : found + length
}

function endOfLiteral(text: string, start: number): number {
  /** In a class such as `[/]` a slash does not end a regular expression. */
  let isInClass = false
  let end = start + 1
  for (; end < text.length && (isInClass || text[end] !== text[start]) && text[end] !== "\n"; end++) {
    if (text[end] === "\\") end++
    else if (text[start] === "/" && (text[end] === "[" || text[end] === "]")) isInClass = text[end] === "["
  }
  return end + 1
}

/** A slash begins a regular expression where no value can have ended. */
function startsRegExp(before: string): boolean {
  return /(^|[=(,:[!&|?{};+\n]|=>|\breturn|\btypeof)\s*$/.test(before.slice(-20))
}
