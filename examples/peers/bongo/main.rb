require 'socket'

# BONGO, the drum of the jungle. One loop with IO.select.
#
#   ruby main.rb PORT
#
# A beat is what goes over the wire: "length:text,"

PORT = (ARGV[0] || 5000).to_i
DRUMS = []              # [socket, ip, port, unread bytes]; an id is the place in here
$stdout.sync = true

def beat(text)
  bytes = text.b
  "#{bytes.bytesize}:#{bytes},"
end

# takes one beat off the front of a buffer, nil if it is not whole
def heard(buffer)
  colon = buffer.index(':') or return nil
  length = buffer[0...colon].to_i
  return nil if buffer.bytesize < colon + length + 2
  text = buffer.byteslice(colon + 1, length)
  buffer.replace(buffer.byteslice(colon + length + 2..-1))
  text.force_encoding('UTF-8').scrub
end

def my_ip
  Socket.ip_address_list.find { |a| a.ipv4? && !a.ipv4_loopback? }.ip_address
end

def menu
  puts '', 'B O N G O',
       'h) help            l) list',
       'i) myip            t) terminate <id>',
       'p) myport          s) send <id> <message>',
       'c) connect <destination> <port>',
       'x) exit'
end

def drum(word)
  return nil unless word =~ /\A\d+\z/
  DRUMS[word.to_i]
end

def connect(host, port)
  return puts 'Sorry, no such port!' unless port.to_i.between?(1, 65535)
  begin
    ip = Addrinfo.getaddrinfo(host, nil, :INET).first.ip_address
  rescue SocketError
    return puts 'Sorry, no such host!'
  end
  return puts 'Sorry, no solo!' if port.to_i == PORT && [my_ip, '127.0.0.1'].include?(ip)
  return puts 'Sorry, once is enough!' if DRUMS.compact.any? { |d| d[1] == ip && d[2] == port.to_i }
  begin
    socket = Socket.tcp(ip, port.to_i, connect_timeout: 3)
  rescue SystemCallError => e
    return puts "Sorry, #{e.message}!"
  end
  socket.write(beat(PORT.to_s))
  DRUMS << [socket, ip, port.to_i, ''.b]
  list
end

def list
  puts 'Drums:'
  DRUMS.each_with_index { |d, i| puts "  #{i}: #{d[1]} | #{d[2]} " if d && d[2] }
end

def close(d)
  DRUMS[DRUMS.index(d)] = nil
  d[0].close
end

def typed(line)
  word, id, text = line.split(' ', 3)
  case word
  when nil then nil
  when 'h', 'help' then menu
  when 'i', 'myip' then puts "Your address: #{my_ip} "
  when 'p', 'myport' then puts "Your port: #{PORT} "
  when 'c', 'connect' then text ? connect(id, text) : puts('Sorry, what!')
  when 'l', 'list' then list
  when 't', 'terminate'
    d = drum(id)
    return puts 'Sorry, no such drum!' unless d
    close(d)
    puts "#{d[1]} | #{d[2]} is silent now. "
    list
  when 's', 'send'
    d = drum(id)
    return puts 'Sorry, no such drum!' unless d
    return puts 'Sorry, what!' unless text
    d[0].write(beat(text))
    puts 'Boom. '
  when 'x', 'exit' then exit!
  else puts 'Sorry, what!'
  end
end

def sounds(d)
  data = d[0].readpartial(4096)
  d[3] << data
  if d[2].nil?
    hello = heard(d[3]) or return
    d[2] = hello.to_i
    puts "#{d[1]} | #{d[2]} is drumming. "
  end
  while (text = heard(d[3]))
    puts "#{d[1]} | #{d[2]} : #{text}"
  end
rescue EOFError, SystemCallError
  close(d)
  puts "#{d[1]} | #{d[2]} is silent now. " if d[2]
end

server = TCPServer.new('', PORT)
menu
print 'Your beat: '
loop do
  ready, = IO.select([server, $stdin] + DRUMS.compact.map(&:first))
  ready.each do |io|
    if io == server
      socket = server.accept
      DRUMS << [socket, socket.peeraddr(false)[3], nil, ''.b]
    elsif io == $stdin
      line = $stdin.gets or exit
      typed(line.chomp)
      print 'Your beat: '
    else
      d = DRUMS.compact.find { |one| one[0] == io }
      sounds(d) if d
    end
  end
end
