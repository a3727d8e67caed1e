"""What AAA servers are to be told: notices that wait in SQL, and who sends them."""
