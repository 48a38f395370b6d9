/** `pool.maxAge: auto` in the core's configuration: the time is learned (rules/warmAge.ts). Any other value is a time in ms. */
export const AUTO_MAX_AGE_MS = 0
