/** How shells set variables of the environment. */
export const SHELLS = ["sh", "fish", "powershell"] as const
export type ShellName = (typeof SHELLS)[number]

export interface Shell {
  /** Sets and exports a variable. `value` is a quoted text, or parts joined to one. */
  readonly set: (name: string, value: string) => string
  readonly quote: (text: string) => string
  /** A text with the values of two variables inside, which must be set before. */
  readonly withUser: (before: string, user: string, password: string, after: string) => string
  /** The command that sets a variable for the programs to come. */
  readonly assign: (name: string, value: string) => string
  /** Runs what a command prints, in this shell. */
  readonly evaluate: (command: string) => string
}

/** Each line ends in `;`, so that the lines may be joined by spaces, as an unquoted `eval $(...)` does. */
export const shells: Readonly<Record<ShellName, Shell>> = {
  sh: {
    set: (name, value) => `export ${name}=${value};`,
    quote: (text) => `'${text.replaceAll("'", "'\\''")}'`,
    withUser: (before, user, password, after) =>
      `"${before}\${${user}:?set it and ${password} first}:\${${password}:?set it first}${after}"`,
    assign: (name, value) => `export ${name}=${value}`,
    evaluate: (command) => `eval "$(${command})"`
  },
  fish: {
    set: (name, value) => `set -gx ${name} ${value};`,
    quote: (text) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`,
    withUser: (before, user, password, after) => `"${before}$${user}:$${password}${after}"`,
    assign: (name, value) => `set -gx ${name} ${value}`,
    evaluate: (command) => `${command} | source`
  },
  powershell: {
    set: (name, value) => `$env:${name} = ${value};`,
    quote: (text) => `'${text.replaceAll("'", "''")}'`,
    withUser: (before, user, password, after) => `"${before}\${env:${user}}:\${env:${password}}${after}"`,
    assign: (name, value) => `$env:${name} = "${value}"`,
    evaluate: (command) => `${command} | Out-String | Invoke-Expression`
  }
}
