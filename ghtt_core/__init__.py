"""G-HTT: skeleton, features, model, data, training and evaluation."""
