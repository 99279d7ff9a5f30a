"""What mail servers and robots answer: failed deliveries, complaints, automatic replies."""
