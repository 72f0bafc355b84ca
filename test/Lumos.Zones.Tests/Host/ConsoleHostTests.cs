using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Spawn;
using Lumos.Linux.Terminals;
using Lumos.Zones.Consoles;
using Xunit;

namespace Lumos.Zones.Tests.Host;

/// <summary>A zone's console through a pseudo-terminal. Needs what the other host tests need.</summary>
[Trait("level", "host")]
public sealed class ConsoleHostTests
{
    private const string ShellOnConsole = "::sysinit:/bin/echo booted\n::respawn:/bin/sh\n";

    [Fact]
    public void What_is_typed_reaches_the_zone_and_its_answer_us_and_the_escape_leaves()
    {
        using var zone = new HostZone(new NoLinks(), ShellOnConsole);
        zone.Runtime.Boot(zone.Spec);
        using var user = new ConsoleUser(zone);
        user.Type("echo sum-$((40+2))\r");
        user.WaitFor("sum-42");
        user.Type("stty size\r");
        user.WaitFor("33 101");
        user.Type("\r~.");
        user.WaitFor($"[Connection to zone '{zone.Name}' console closed]");
        user.WaitForEnd();
    }

    [Fact]
    public void Stays_through_a_halt_and_joins_again_at_the_next_boot()
    {
        using var zone = new HostZone(new NoLinks(), ShellOnConsole);
        using var user = new ConsoleUser(zone);
        user.WaitFor("[Connected to zone");
        zone.Runtime.Boot(zone.Spec);
        user.WaitFor("[NOTICE: Zone booting up]");
        user.Type("echo one-$((1))\r");
        user.WaitFor("one-1");
        zone.Runtime.Halt(zone.Name);
        user.WaitFor("[NOTICE: Zone halted]");
        zone.Runtime.Boot(zone.Spec);
        user.Type("echo two-$((2))\r");
        user.WaitFor("two-2");
        user.Type("\r~.");
        user.WaitForEnd();
    }

    /// <summary>Someone at a terminal of 101 by 33 characters.</summary>
    private sealed class ConsoleUser : IDisposable
    {
        private readonly FileDescriptor _terminal;
        private readonly FileDescriptor _slave;
        private readonly Pipe _screen = Pipe.Create();
        private readonly StringBuilder _seen = new();
        private readonly Thread _console;
        private readonly Thread _reader;
        private volatile bool _ended;

        internal ConsoleUser(HostZone zone)
        {
            (_terminal, string slave) = Terminal.OpenPseudoTerminal();
            Terminal.SetSize(_terminal, new TerminalSize(101, 33));
            _slave = FileDescriptorIo.Open(slave, OpenFlags.ReadWrite | OpenFlags.NoControllingTerminal);
            _reader = new Thread(() =>
            {
                byte[] buffer = new byte[4096];
                int got;
                while ((got = _screen.Read.Read(buffer)) > 0)
                {
                    lock (_seen)
                    {
                        _seen.Append(Encoding.UTF8.GetString(buffer, 0, got));
                    }
                }
            });
            _reader.Start();
            _console = new Thread(() =>
            {
                using var console = new ZoneConsole(zone.Layout, zone.Name, '~', _slave, _screen.Write, quiet: false);
                console.Run();
                _ended = true;
            });
            _console.Start();
        }

        internal string Seen
        {
            get
            {
                lock (_seen)
                {
                    return _seen.ToString();
                }
            }
        }

        internal void Type(string text) => _terminal.WriteAll(Encoding.ASCII.GetBytes(text));

        internal void WaitFor(string text) => Wait(() => Seen.Contains(text, StringComparison.Ordinal), $"\"{text}\" did not appear");

        internal void WaitForEnd() => Wait(() => _ended, "the console did not end");

        public void Dispose()
        {
            Type("\r~.");
            _console.Join(TimeSpan.FromSeconds(10));
            _screen.Write.Dispose();
            _reader.Join(TimeSpan.FromSeconds(10));
            _terminal.Dispose();
            _slave.Dispose();
        }

        private void Wait(Func<bool> condition, string failure)
        {
            for (long deadline = Environment.TickCount64 + 20_000; !condition(); Thread.Sleep(20))
            {
                Assert.True(Environment.TickCount64 < deadline, $"{failure}; seen: {Seen}");
            }
        }
    }
}
