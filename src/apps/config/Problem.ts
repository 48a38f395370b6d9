/** One thing that is wrong with a configuration, at its place. */
export interface Problem {
  /** 1-based; undefined where the file has no such place. */
  readonly line: number | undefined
  readonly column: number | undefined
  /** `upstreams.web.port` */
  readonly path: string
  readonly message: string
}

/** `fairlead.yaml:8:11 upstreams.web.port: expected a whole number from 1 to 65535, got 0` */
export function render(file: string, { line, column, path, message }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`
  return `${place} ${path === "" ? "" : `${path}: `}${message}`
}
