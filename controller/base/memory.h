// How this process treats the allocator (glibc's): what it keeps of what was freed.
//
// A list of ten thousand objects passes through in pieces of a megabyte; what was freed of them is given back, else the process keeps for
// ever what it needed once. Any thread.
#pragma once

namespace lepton_operator::base {

// Once, before there are threads: one heap for all of them (each of glibc's own would keep its part of the peak), and large blocks
// go back to the system as they are freed.
void keep_memory_small();

// After work that allocated much and freed most of it. Takes milliseconds.
void give_memory_back();

}  // namespace lepton_operator::base
