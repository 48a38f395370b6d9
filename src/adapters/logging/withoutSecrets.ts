/** Blanks secrets in a line, wherever they came from: the last net below everything that should have kept them out. */

/** Shorter ones would blank half of every line; the door refuses them as tokens. */
const LEAST_CHARS = 4

export function withoutSecrets(secrets: ReadonlyArray<string>): (line: string) => string {
  // As they stand, and as they look inside a JSON or logfmt string.
  const forms = secrets.filter(({ length }) => length >= LEAST_CHARS).flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1)
  ])
  // The longest first: one may be part of another.
  const ordered = [...new Set(forms)].sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
  return (line) => ordered.reduce((text, secret) => text.replaceAll(secret, "***"), line)
}
