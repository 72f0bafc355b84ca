using Lumos.Linux.Handles;
using Lumos.Linux.Polling;
using Lumos.Linux.Signals;
using Lumos.Linux.Sockets;
using Lumos.Linux.Spawn;
using Xunit;

namespace Lumos.Linux.Tests;

public class PollingTests
{
    [Fact]
    public void The_loop_serves_timers_posts_and_children()
    {
        using var loop = new EventLoop();
        using var timer = TimerFd.Create();
        using var child = ChildProcess.Start(new SpawnRequest { Argv = ["true"] });
        var seen = new List<string>();
        loop.Add(timer.Descriptor, PollEvents.Readable, _ =>
        {
            timer.Consume();
            seen.Add("timer");
            new Thread(() => loop.Post(() => seen.Add("post"))).Start();
        });
        loop.Add(child.PidFd, PollEvents.Readable, _ =>
        {
            seen.Add("child " + child.Wait());
            loop.Remove(child.PidFd);
        });
        timer.SetOnce(TimeSpan.FromMilliseconds(20));
        while (seen.Count < 3)
        {
            Assert.True(loop.RunOnce(TimeSpan.FromSeconds(10)) > 0, string.Join(", ", seen));
        }
        Assert.Equal(["child 0", "post", "timer"], seen.Order());
    }

    [Fact]
    public void A_callback_that_closes_another_descriptor_takes_its_event_with_it()
    {
        using var loop = new EventLoop();
        using var first = EventFd.Create();
        using var second = EventFd.Create();
        int calls = 0;
        void Call(EventFd other)
        {
            calls++;
            loop.Remove(other.Descriptor);
        }
        loop.Add(first.Descriptor, PollEvents.Readable, _ => Call(second));
        loop.Add(second.Descriptor, PollEvents.Readable, _ => Call(first));
        first.Signal();
        second.Signal();
        loop.RunOnce(TimeSpan.FromSeconds(10));
        Assert.Equal(1, calls);
    }

    [Fact]
    public void Inotify_names_what_changed()
    {
        string folder = Directory.CreateTempSubdirectory("lumos-inotify-").FullName;
        using var inotify = Inotify.Create();
        int watch = inotify.Watch(folder, FileEvents.Created | FileEvents.MovedTo | FileEvents.Deleted);
        Assert.Empty(inotify.Read());
        File.WriteAllText(Path.Combine(folder, "a"), "");
        File.Move(Path.Combine(folder, "a"), Path.Combine(folder, "bb"));
        Directory.Delete(folder, recursive: true);
        var events = inotify.Read();
        Assert.Equal(
            [new(watch, "a", FileEvents.Created), new(watch, "bb", FileEvents.MovedTo), new(watch, "bb", FileEvents.Deleted), new(watch, "", FileEvents.Ignored)],
            events);
    }

    [Fact]
    public void Descriptors_travel_over_unix_sockets_and_peers_are_known()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("lumos-sock-").FullName, "s");
        using var server = UnixSocket.Listen(path, UnixSocketKind.Packet);
        Assert.Null(server.Accept());
        using var client = UnixSocket.Connect(path, UnixSocketKind.Packet);
        using var peer = server.Accept()!;
        Assert.Equal(Environment.ProcessId, peer.Peer().Pid);
        using (var pipe = Pipe.Create())
        {
            pipe.Write.WriteAll("through the pipe"u8);
            Assert.Equal(2, client.Send("hi"u8, pipe.Read, pipe.Write));
        }
        Span<byte> buffer = stackalloc byte[64];
        Assert.Equal(2, peer.Receive(buffer, out var descriptors));
        Assert.Equal(2, descriptors.Count);
        int got = descriptors[0].Read(buffer);
        Assert.Equal("through the pipe", System.Text.Encoding.UTF8.GetString(buffer[..got]));
        foreach (var each in descriptors)
        {
            each.Dispose();
        }
        client.Dispose();
        Assert.Equal(0, peer.Receive(buffer, out _));
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Fact]
    public void Signal_names()
    {
        Assert.True(Signal.TryParse("SIGTERM", out int term) && term == 15);
        Assert.True(Signal.TryParse("RTMIN+3", out int halt) && halt == 37);
        Assert.True(Signal.TryParse("9", out int kill) && kill == 9);
        Assert.False(Signal.TryParse("NOPE", out _));
        Assert.False(Signal.TryParse("RTMIN+99", out _));
        Assert.False(ProcessSignals.Send(int.MaxValue, 0));
    }
}
