using System.Text;
using Lumos.Core;
using Lumos.Drivers.Oci;
using Lumos.Linux.Handles;
using Lumos.Linux.Sockets;
using Lumos.Zones.Consoles;
using Lumos.Zones.Docker;
using Xunit;

namespace Lumos.Zones.Tests;

/// <summary>Streams joined to a monitor that is played here: it hears what is typed and says what a program would.</summary>
public sealed class ZoneStreamsTests : IDisposable
{
    private static readonly ZoneName Zone = ZoneName.Parse("web");

    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-streams-").FullName;
    private readonly ZoneLayout _layout;
    private readonly UnixSocket _listener;
    private readonly Pipe _input = Pipe.Create(), _output = Pipe.Create(), _errors = Pipe.Create();
    private readonly StringBuilder _seen = new(), _complained = new();
    private readonly List<Thread> _threads = [];

    public ZoneStreamsTests()
    {
        _layout = new ZoneLayout { Run = _folder };
        Directory.CreateDirectory(_layout.RunFolder(Zone));
        _listener = UnixSocket.Listen(Path.Combine(_layout.RunFolder(Zone), Conmon.AttachSocket), UnixSocketKind.Packet);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _input.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Outputs_are_told_apart_and_input_goes_through_to_its_end()
    {
        var streams = Join(new DockerZone { OpenStdin = true }, new ZoneStreamsOptions(null, Quiet: false, KeepsInput: false));
        using var monitor = Accept();
        Say(monitor, 2, "out");
        Say(monitor, 3, "err");
        _input.Write.WriteAll("typed\n"u8);
        Assert.Equal("typed\n", Hear(monitor));
        _input.Write.Dispose();
        Assert.Equal("", Hear(monitor)); // its end
        Say(monitor, 2, " and the rest");
        monitor.Dispose();
        streams.Join();
        End();
        Assert.Equal(("out and the rest", "[Connected to the streams of zone 'web']\nerr[Connection to the streams of zone 'web' closed]\n"), (_seen.ToString(), _complained.ToString()));
    }

    [Fact]
    public void A_monitor_that_takes_nothing_does_not_keep_output_from_coming()
    {
        var streams = Join(new DockerZone { OpenStdin = true }, new ZoneStreamsOptions('~', Quiet: true, KeepsInput: false));
        using var monitor = Accept();
        byte[] much = new byte[4 << 20];
        Random.Shared.NextBytes(much);
        var feeder = Start(() =>
        {
            _input.Write.WriteAll(much);
            _input.Write.Dispose();
        });
        for (int i = 0; i < 1000; i++)
        {
            Say(monitor, 2, new string('x', 8000)); // more than the socket holds, while nobody takes the input
        }
        using var heard = new MemoryStream();
        byte[] packet = new byte[65536];
        for (int got; (got = monitor.Receive(packet, out _)) > 0;)
        {
            heard.Write(packet, 0, got);
        }
        Assert.Equal(much, heard.ToArray()); // a "~." of chance among it, too: input that is no terminal has no escape
        feeder.Join();
        monitor.Dispose();
        streams.Join();
        End();
        Assert.Equal(8_000_000, _seen.Length);
    }

    [Fact]
    public void The_end_of_input_is_kept_or_is_a_terminals_character()
    {
        var streams = Join(new DockerZone { OpenStdin = true, Tty = true }, new ZoneStreamsOptions(null, true, false));
        using (var monitor = Accept())
        {
            _input.Write.Dispose();
            Assert.Equal("\u0004", Hear(monitor));
        }
        streams.Join();

        streams = Join(new DockerZone { OpenStdin = true }, new ZoneStreamsOptions(null, true, KeepsInput: true), input: "/dev/null");
        using (var monitor = Accept())
        {
            monitor.Descriptor.SetNonBlocking();
            Say(monitor, 2, "still there");
            SpinWait.SpinUntil(() => _seen.Length > 0);
            Assert.Equal(-1, monitor.Receive(new byte[10], out _)); // nothing yet, not the end
        }
        streams.Join();
        End();
        Assert.Equal("still there", _seen.ToString());
    }

    [Fact]
    public void A_zone_that_is_not_up_has_none()
    {
        _listener.Dispose();
        using var streams = new ZoneStreams(_layout, Zone, new DockerZone(), _input.Read, _output.Write, _errors.Write, new ZoneStreamsOptions(null, false, false));
        Assert.Equal("ZoneNotRunning", Assert.Throws<LumosException>(streams.Run).Code);
    }

    private Thread Join(DockerZone docker, ZoneStreamsOptions options, string? input = null)
    {
        if (_threads.Count == 0)
        {
            _threads.Add(Start(() => Collect(_output.Read, _seen)));
            _threads.Add(Start(() => Collect(_errors.Read, _complained)));
        }
        return Start(() =>
        {
            using var file = input is null ? null : FileDescriptorIo.Open(input, OpenFlags.ReadOnly);
            using var streams = new ZoneStreams(_layout, Zone, docker, file ?? _input.Read, _output.Write, _errors.Write, options);
            streams.Run();
        });
    }

    private void End()
    {
        _output.Write.Dispose();
        _errors.Write.Dispose();
        _threads.ForEach(thread => thread.Join());
        _output.Read.Dispose();
        _errors.Read.Dispose();
    }

    private UnixSocket Accept()
    {
        UnixSocket? monitor = null;
        SpinWait.SpinUntil(() => (monitor = _listener.Accept()) is not null);
        return monitor!;
    }

    private static void Say(UnixSocket monitor, byte stream, string text) => monitor.Send([stream, .. Encoding.UTF8.GetBytes(text)]);

    private static string Hear(UnixSocket monitor)
    {
        byte[] packet = new byte[4096];
        return Encoding.UTF8.GetString(packet, 0, monitor.Receive(packet, out _));
    }

    private static void Collect(FileDescriptor from, StringBuilder into)
    {
        byte[] buffer = new byte[65536];
        int got;
        while ((got = from.Read(buffer)) > 0)
        {
            lock (into)
            {
                into.Append(Encoding.UTF8.GetString(buffer, 0, got));
            }
        }
    }

    private static Thread Start(Action action)
    {
        var thread = new Thread(() => action());
        thread.Start();
        return thread;
    }
}
