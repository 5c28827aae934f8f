"""What could come beyond the forecast: wallet, white space, winnability."""
