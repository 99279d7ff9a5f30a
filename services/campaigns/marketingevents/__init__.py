"""Marketing events: guests are invited, confirm or decline, attend, are followed up; no seat is given twice."""
