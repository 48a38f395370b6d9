/** One thing that is wrong with a configuration, at its place. */
export interface Problem {
  /** 1-based; undefined where the file has no such place. */
  readonly line: number | undefined
  readonly column: number | undefined
  /** `upstreams.web.port` */
  readonly path: string
  /** As written; `***` for secrets and for what came from the environment; undefined where nothing or a whole section stands. */
  readonly value: unknown
  /** What would have been right: `a whole number from 1 to 65535`. */
  readonly expected: string
  /** A sentence with value, expectation and cure. */
  readonly message: string
  /** The name that was probably meant. */
  readonly nearest: string | undefined
}

/** `fairlead.yaml:8:11 upstreams.web.port: expected a whole number from 1 to 65535, got 0` */
export function render(file: string, { line, column, path, message }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`
  return `${place} ${path === "" ? "" : `${path}: `}${message}`
}

export type Path = ReadonlyArray<string | number>

/** A mistake before it has a place: what a check found. */
export interface Found {
  readonly path: Path
  readonly expected: string
  readonly message: string
  readonly nearest?: string | undefined
  /** The values it rests on; where one of them is wrong by itself, this mistake is not told. By default `path`. */
  readonly uses?: ReadonlyArray<Path>
}

export const nameOf = (path: Path): string => path.join(".")

/** The value at a path as it may be shown. */
export type Show = (path: Path, value: string) => string
