/** The global by which instrumented sources learn which mutant is on, and in which they count what was reached. */
export interface Switches {
  activeMutant: string | undefined
  currentTestId: string | undefined
  /** How often the active mutant was reached in this run; past `hitLimit` its code throws, since it loops. */
  hitCount: number
  hitLimit: number
  readonly mutantCoverage: {
    readonly static: Record<string, number>
    readonly perTest: Record<string, Record<string, number>>
  }
}

/** Before any instrumented module is loaded. */
export function installSwitches(): Switches {
  const holder = globalThis as { __stryker__?: Switches }
  return holder.__stryker__ ??= {
    activeMutant: undefined,
    currentTestId: undefined,
    hitCount: 0,
    hitLimit: Infinity,
    mutantCoverage: { static: {}, perTest: {} }
  }
}
