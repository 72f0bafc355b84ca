using System.Text;
using Lumos.Core;
using Lumos.Drivers.Qemu;
using Lumos.Linux.Handles;
using Lumos.Linux.Polling;
using Lumos.Linux.Sockets;
using Xunit;

namespace Lumos.Drivers.Tests.Qemu;

/// <summary>The client against one that speaks QMP, well or badly.</summary>
public sealed class QmpClientTests : IDisposable
{
    private const string Hello = """{"QMP": {"version": {}, "capabilities": []}}""" + "\r\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-qmp-").FullName;

    private string Socket => Path.Combine(_folder, "qmp");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Answers_come_between_events_in_pieces_or_several_at_once()
    {
        using var server = new Server(Socket, Hello,
            """{"event": "RESUME"}""" + "\n" + """{"return": {}}""" + "\n",
            """{"event": "STOP"}""" + "\n" + """{"return": {"status": """ + "|" + """ "running"}}""" + "\n",
            """{"error": {"class": "GenericError", "desc": "No such device"}}""" + "\n");
        using var client = QmpClient.Connect(Socket, TimeSpan.FromSeconds(10));
        Assert.Equal("running", (string?)client.Execute("query-status")!["status"]);
        var refused = Assert.Throws<LumosException>(() => client.Execute("device_del", new() { ["id"] = "x" }));
        Assert.Equal((QmpClient.Refused, "QEMU refuses device_del: No such device"), (refused.Code, refused.Message));
        Assert.Equal(["""{"execute":"qmp_capabilities"}""", """{"execute":"query-status"}""", """{"execute":"device_del","arguments":{"id":"x"}}"""], server.Heard);
    }

    [Theory]
    [InlineData("nobody is there")]
    [InlineData("it says something else", "{}\n")]
    [InlineData("it speaks no JSON", "hello\n")]
    [InlineData("it hangs up", "")]
    public void Who_does_not_speak_it_is_told_apart(string what, params string[] says)
    {
        using var server = what == "nobody is there" ? null : new Server(Socket, says);
        Assert.Equal(QmpClient.Silent, Assert.Throws<LumosException>(() => QmpClient.Connect(Socket, TimeSpan.FromSeconds(10))).Code);
    }

    [Fact]
    public void One_that_is_silent_is_waited_for_so_long_and_one_that_is_dead_is_not()
    {
        using var listens = UnixSocket.Listen(Socket);
        Assert.Contains("does not answer within", Assert.Throws<LumosException>(() => QmpClient.Connect(Socket, TimeSpan.FromMilliseconds(50))).Message);
        Assert.Equal("QEMU has ended", Assert.Throws<LumosException>(() => QmpClient.Connect(Socket, TimeSpan.FromMinutes(10), () => false)).Message);
    }

    /// <summary>Says its first piece at once and each further one after a line that it has heard; | is a pause.</summary>
    private sealed class Server : IDisposable
    {
        private readonly UnixSocket _listens;
        private readonly Thread _thread;

        public Server(string path, params string[] says)
        {
            _listens = UnixSocket.Listen(path);
            _thread = new Thread(() => Serve(says));
            _thread.Start();
        }

        public List<string> Heard { get; } = [];

        public void Dispose()
        {
            _thread.Join();
            _listens.Dispose();
        }

        private void Serve(string[] says)
        {
            Assert.True(Readiness.IsReadable(_listens.Descriptor, TimeSpan.FromSeconds(20)));
            using var peer = _listens.Accept()!;
            for (int n = 0; n < says.Length; n++)
            {
                if (n > 0)
                {
                    byte[] line = new byte[4096];
                    int got = peer.Descriptor.Read(line);
                    Heard.Add(Encoding.UTF8.GetString(line, 0, got).TrimEnd('\n'));
                }
                foreach (string piece in says[n].Split('|').Where(piece => piece.Length > 0))
                {
                    peer.Descriptor.WriteAll(Encoding.UTF8.GetBytes(piece));
                    Thread.Yield();
                }
            }
        }
    }
}
