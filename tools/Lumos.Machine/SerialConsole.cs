using System.Net.Sockets;
using System.Text;
using Lumos.Core;

namespace Lumos.Machine;

/// <summary>
/// The machine's serial line as a user at the console has it: wait for a text, type a line. What the machine says is read
/// from QEMU's log of the line, which holds everything since the start, so nothing is missed before connecting.
/// </summary>
public sealed class SerialConsole : IDisposable
{
    private readonly MachineFolder _folder;
    private readonly Socket _socket;
    private readonly Thread _drain;

    /// <summary>Up to here the log has been matched; the next wait looks only at what follows.</summary>
    private int _seen;

    private SerialConsole(MachineFolder folder, Socket socket)
    {
        _folder = folder;
        _socket = socket;
        // QEMU stops taking output from the guest while its reader does not read.
        _drain = new Thread(Drain) { IsBackground = true };
        _drain.Start();
    }

    /// <summary>Connects; QEMU serves one at a time.</summary>
    public static SerialConsole Connect(MachineFolder folder)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(folder.SerialSocket));
        return new SerialConsole(folder, socket);
    }

    /// <summary>Waits for a text that was not matched before and returns what came up to its end.</summary>
    /// <exception cref="LumosException">SerialTimeout, with the last lines of the log.</exception>
    public string WaitFor(string text, TimeSpan limit)
    {
        string found = "";
        bool came = Deadline.Poll(limit, TimeSpan.FromMilliseconds(100), () =>
        {
            string log = ReadLog(_folder);
            int at = log.IndexOf(text, Math.Min(_seen, log.Length), StringComparison.Ordinal);
            if (at < 0)
            {
                return false;
            }
            found = log[_seen..(at + text.Length)];
            _seen = at + text.Length;
            return true;
        });
        return came ? found : throw new LumosException("SerialTimeout",
            $"\"{text}\" did not come on the serial line within {limit.TotalSeconds:0} s; {_folder.SerialLog} ends with:\n{LastLines(_folder, 20)}");
    }

    /// <summary>Types the text as it is.</summary>
    public void Type(string text) => _socket.Send(Encoding.UTF8.GetBytes(text));

    /// <summary>Types a line and Enter.</summary>
    public void TypeLine(string line) => Type(line + "\r");

    /// <summary>Answers getty's and login's questions and waits for a shell that carries out a command.</summary>
    public void LogIn(string user, string password, TimeSpan limit)
    {
        WaitFor("login:", limit);
        TypeLine(user);
        WaitFor("assword:", limit);
        TypeLine(password);
        // What is typed while login starts the shell may be lost, so it is asked until it answers.
        bool answered = Deadline.Poll(limit, TimeSpan.FromSeconds(2), () =>
        {
            int before = _seen;
            TypeLine("echo logged-in-$((40+2))");
            try
            {
                WaitFor("logged-in-42", TimeSpan.FromSeconds(3));
                return true;
            }
            catch (LumosException)
            {
                _seen = before;
                return false;
            }
        });
        if (!answered)
        {
            throw new LumosException("SerialTimeout", $"{user} could not log in at the serial console; {_folder.SerialLog} ends with:\n{LastLines(_folder, 20)}");
        }
    }

    /// <summary>Forgets what came so far: the next wait looks only at what comes from now on.</summary>
    public void SkipToEnd() => _seen = ReadLog(_folder).Length;

    /// <summary>What the machine has said since it was started.</summary>
    public static string ReadLog(MachineFolder folder)
    {
        if (!File.Exists(folder.SerialLog))
        {
            return "";
        }
        using var file = new FileStream(folder.SerialLog, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file, Encoding.Latin1);
        return reader.ReadToEnd();
    }

    /// <summary>The last lines of the log, without terminal control sequences.</summary>
    public static string LastLines(MachineFolder folder, int count) => TextTail.Of(ReadLog(folder), count);

    public void Dispose()
    {
        _socket.Dispose();
        _drain.Join();
    }

    private void Drain()
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (_socket.Receive(buffer) > 0)
            {
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The machine or we have gone.
        }
    }
}
