// Package ipvs programs the virtual servers of the kernel (IPVS).
//
// It is level-triggered: [Plan] compares the table that is wanted with the table that the kernel has and gives the
// operations that lead from one to the other. Start, restart, reload and the hand of another program all go through
// it; where nothing differs the plan is empty, and connections and counters of what does not differ are kept.
package ipvs
