/** Blanks secrets in a line. This is the last defence: other code should have kept them out of the line. */

/** A shorter secret would blank half of every line. The configuration refuses shorter tokens. */
const LEAST_CHARS = 4

export function withoutSecrets(secrets: ReadonlyArray<string>): (line: string) => string {
  // The text itself, and its forms inside a JSON or logfmt string.
  const forms = secrets.filter(({ length }) => length >= LEAST_CHARS).flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1)
  ])
  // The longest first, because one form may be part of another.
  const ordered = [...new Set(forms)].sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
  return (line) => ordered.reduce((text, secret) => text.replaceAll(secret, "***"), line)
}
