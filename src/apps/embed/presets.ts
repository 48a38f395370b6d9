/** How the configuration of a program differs from a file. */

/** Defaults of a program: it writes nothing and opens no port unless it is told to. */
export const PRESETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  eventLog: { path: "none" },
  history: { path: "none" },
  admin: { listen: "off" }
}

/** Sections of the command. In a program they would have no effect. */
export const NOT_FOR_PROGRAMS: ReadonlyArray<string> = ["log", "shutdown"]
