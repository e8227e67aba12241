"""The methods of `SummaryWriter`, a file for each kind of data."""
