module touchpoint.example/callcentre

go 1.22
