/**
 * Options of a test that measures time or memory. What else the machine does adds to a measure and never takes from it,
 * so the best of three runs is nearest to what the code itself takes; code that became slower fails all three.
 */
export const MEASURED = { retry: 2 };
