#!/usr/bin/env ruby
# frozen_string_literal: true

# Rubin: messages between peers.   ruby rubin.rb 5000
require 'socket'
require 'json'

Peer = Struct.new(:id, :socket, :ip, :port) do
  def to_s = "#{ip}:#{port}"

  def post(hash) = socket.puts(JSON.generate(hash))
end

class Rubin
  def initialize(port)
    @port = port
    @peers = []
    @mutex = Mutex.new
  end

  def run
    @server = TCPServer.new('0.0.0.0', @port)
    Thread.new { loop { greet(@server.accept) } }
    puts "rubin: port #{@port} is open"
    loop do
      print 'rubin> '
      line = $stdin.gets or break
      command, *args = line.chomp.split(' ', 3)
      break if command == 'exit'

      begin
        answer(command, args) if command
      rescue StandardError => e
        puts "#{e.class}: #{e.message}"
      end
    end
    @peers.each { |peer| peer.socket.close }
  end

  private

  def answer(command, args)
    case command
    when 'help' then puts 'help', 'myip', 'myport', 'connect <destination> <port>', 'list',
                          'terminate <id>', 'send <id> <message>', 'exit'
    when 'myip' then puts "=> #{my_ip}"
    when 'myport' then puts "=> #{@port}"
    when 'connect' then connect(*args)
    when 'list' then list
    when 'terminate' then terminate(*args)
    when 'send' then deliver(*args)
    else raise NoMethodError, "undefined command `#{command}'"
    end
  end

  def my_ip
    UDPSocket.open do |s|
      s.connect('192.0.2.30', 30)
      s.addr.last
    end
  end

  # the smallest number that is free
  def add(socket, ip, port)
    @mutex.synchronize do
      id = (1..).find { |n| @peers.none? { |peer| peer.id == n } }
      peer = Peer.new(id, socket, ip, port)
      @peers << peer
      peer
    end
  end

  def greet(socket)
    port = JSON.parse(socket.gets)['port']
    peer = add(socket, socket.peeraddr.last, port)
    puts "\n[#{peer}] connected as #{peer.id}"
    Thread.new { follow(peer) }
  rescue StandardError
    socket.close
  end

  def follow(peer)
    while (line = peer.socket.gets)
      message = JSON.parse(line)
      break if message['bye']

      puts "\n[#{peer}] \"#{message['text']}\""
    end
  rescue IOError, SystemCallError
    nil
  ensure
    if @peers.delete(peer)
      puts "\n[#{peer}] disconnected"
      peer.socket.close
    end
  end

  def connect(host, port)
    ip = Addrinfo.getaddrinfo(host, nil, :INET).first.ip_address
    port = Integer(port)
    raise ArgumentError, 'self connection' if port == @port && [my_ip, '127.0.0.1', '::1'].include?(ip)
    raise ArgumentError, 'duplicate connection' if @peers.any? { |peer| peer.to_s == "#{ip}:#{port}" }

    socket = Socket.tcp(ip, port, connect_timeout: 3)
    socket.puts(JSON.generate(port: @port))
    peer = add(socket, ip, port)
    Thread.new { follow(peer) }
    puts "=> #{peer.id}"
  end

  def list
    width = @peers.map { |peer| peer.to_s.size }.max || 0
    @peers.each { |peer| puts format("%3d  %-#{width}s", peer.id, peer) }
    puts "=> #{@peers.size}"
  end

  def fetch(id)
    @peers.find { |peer| peer.id == Integer(id) } or raise KeyError, "no connection #{id}"
  end

  def terminate(id)
    peer = fetch(id)
    @peers.delete(peer)
    peer.post(bye: true)
    peer.socket.shutdown
    puts '=> nil'
  end

  def deliver(id, text)
    raise ArgumentError, 'empty message' if text.strip.empty?

    fetch(id).post(text: text)
    puts "=> #{text.size}"
  end
end

Rubin.new(Integer(ARGV.fetch(0))).run
