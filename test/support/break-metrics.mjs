/** Loaded before the program (node --import): the metrics of `eval` meet a RangeError, as a defect of the program would make. */
Float64Array.prototype.sort = () => {
  throw new RangeError('broken on purpose');
};
