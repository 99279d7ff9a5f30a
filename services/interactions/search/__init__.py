"""Search over interactions, their files, chains, clients, tasks, deals and claims."""
