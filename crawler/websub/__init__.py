"""The WebSub subscriber (W3C Recommendation): discovery of hubs, policy, subscription requests."""
