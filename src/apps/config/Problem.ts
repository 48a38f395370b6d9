/** A mistake in a configuration, with its location. */
export interface Problem {
  /** From 1 on; undefined: the file has no such location. */
  readonly line: number | undefined
  readonly column: number | undefined
  /** `upstreams.web.port` */
  readonly path: string
  /**
   * The value as it is written; `***` for secrets and values from the environment; undefined: there is none, or it is a whole
   * section.
   */
  readonly value: unknown
  /** A description of valid values: `a whole number from 1 to 65535`. */
  readonly expected: string
  /** A sentence with the value, the expectation and the remedy. */
  readonly message: string
  /** The name that the author probably meant. */
  readonly nearest: string | undefined
}

/** `fairlead.yaml:8:11 upstreams.web.port: expected a whole number from 1 to 65535, got 0` */
export function render(file: string, { line, column, path, message }: Problem): string {
  const location = line === undefined ? file : `${file}:${line}:${column ?? 1}`
  return `${location} ${path === "" ? "" : `${path}: `}${message}`
}

export type Path = ReadonlyArray<string | number>

/** A mistake without its location: the result of a check. */
export interface Found {
  readonly path: Path
  readonly expected: string
  readonly message: string
  readonly nearest?: string | undefined
  /**
   * The values that the check rests on, by default `path`. Where one of them is wrong by itself, this mistake is not reported.
   */
  readonly uses?: ReadonlyArray<Path>
}

export const nameOf = (path: Path): string => path.join(".")

/** The value at a path, as it may be shown. */
export type Show = (path: Path, value: string) => string
